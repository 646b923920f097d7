"""The independent judges of the exported books: hledger and beancount's bean-check."""

from .places import program


def find() -> dict[str, str] | None:
    """Both programs, or nothing."""
    hledger, bean_check = program("hledger"), program("bean-check")
    return {"TEST_HLEDGER": hledger, "TEST_BEAN_CHECK": bean_check} if hledger and bean_check else None
