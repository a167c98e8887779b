"""What the service remembers between its cycles: small JSON values by name."""

from sqlalchemy import Connection, delete, insert, select

from rolecall.store.provisioning_tables import service_state


def read_state(connection: Connection, name: str) -> object:
    """The value kept under a name; None where there is none."""
    query = select(service_state.c.value).where(service_state.c.name == name)
    value: object = connection.execute(query).scalar_one_or_none()
    return value


def keep_state(connection: Connection, name: str, value: object) -> None:
    """Keep a JSON value under a name, in the place of the one before."""
    connection.execute(delete(service_state).where(service_state.c.name == name))
    connection.execute(insert(service_state).values(name=name, value=value))
