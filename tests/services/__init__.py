"""The parts that the tests run against: found or installed, started as private instances, stopped at the end.

Python's standard library only, so that a bare machine can run it. It never touches an instance that it did not start.
A command under `tests/with-services` finds in its environment, for the parts that were asked for:

postgres   TEST_DATABASE_URL (its owner's, on the database `postgres`), TEST_PG_BIN (the folder of initdb and postgres)
rabbitmq   TEST_AMQP_URL, TEST_RABBITMQ_SERVER, TEST_EPMD
redis      TEST_REDIS_URL, TEST_REDIS_SERVER
browser    TEST_CHROMEDRIVER, TEST_CHROMIUM
books      TEST_HLEDGER, TEST_BEAN_CHECK
clients    TEST_PYTHON (has every SDK of tests/clients/*/requirements.txt)

ZEPHYR_TEST_FSYNC=1 makes PostgreSQL flush as in production, on a real disk.
"""
