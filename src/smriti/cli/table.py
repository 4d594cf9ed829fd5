"""`smriti table create`: the DynamoDB table, its index and its expiry attribute."""

from smriti.core.config import Config, ConfigurationError
from smriti.db.dynamodb import create_table


def create(config: Config) -> None:
    """Make the table, or find it made. `TableError` when the engine refuses or does not answer."""
    name = config.dynamodb_table
    if name is None:
        raise ConfigurationError(
            "Set DYNAMODB_TABLE to the name that the table is to have. "
            "The embedded store needs no table; it makes its file by itself."
        )
    made = create_table(name, region=config.aws_region_name, endpoint=config.dynamodb_endpoint)
    print(f"The table {name!r} {'is ready' if made else 'was there already, and is right'}.")
