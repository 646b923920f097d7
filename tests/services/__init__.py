"""The parts that the tests run against: found or installed, started as private instances, stopped at the end.

Python's standard library only, so that a bare machine can run it. It never touches an instance that it did not start.
"""
