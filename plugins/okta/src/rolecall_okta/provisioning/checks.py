"""What carrying out a plan asks of whoever made a step: is it still so, does it show, and what else then."""

from abc import ABC, abstractmethod

from rolecall import HandOff, Step
from rolecall_okta.calls import Call


class StepCheck(ABC):
    """Reads for the steps of some actions; one of them may serve many steps.

    Attributes:
        right: What the credential needs for such a step, for the sentence that says it lacks it.
        lags: Whether reads may lag behind a write: then what they don't show isn't thereby undone.
    """

    right = "the right to make this change"
    lags = False

    def capability(self, step: Step) -> str | None:
        """Which of the capabilities in ``rights`` the step takes; None where that can't be told before."""
        return None

    @abstractmethod
    async def holds(self, step: Step) -> str:
        """What isn't any more as ``step.expects`` tells, as half a sentence; empty when all is.

        Raises:
            ProviderError: It can't be read.
        """

    @abstractmethod
    async def shown(self, step: Step) -> bool:
        """Whether single reads show the step's whole effect; what is gone whole is taken.

        Raises:
            ProviderError: It can't be read.
        """

    def unshown(self, step: Step) -> str:
        """What it means that Okta did the step and doesn't show it, as half a sentence; empty for no more."""
        return ""

    async def again(self, step: Step) -> Call | None:
        """The call to send once more where somebody overwrote what the step wrote; None to plan again."""
        return None

    async def handoff(self, step: Step) -> HandOff | None:
        """What a person is to do where the step's route turns out to be closed; None where that can't be."""
        return None
