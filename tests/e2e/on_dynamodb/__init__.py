"""What is told on DynamoDB's protocol, too: on each independent implementation."""
