"""What the command line writes to standard output: JSON, JSON lines, CSV and tables, all of them streamed."""

from rolecall.output.encoding import encode_json
from rolecall.output.listing import Column, Listing, write_listing, write_object
from rolecall.output.safe_text import safe
from rolecall.output.sink import Format, Sink

__all__ = [
    "Column",
    "Format",
    "Listing",
    "Sink",
    "encode_json",
    "safe",
    "write_listing",
    "write_object",
]
