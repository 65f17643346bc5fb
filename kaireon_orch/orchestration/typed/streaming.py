"""Streams and queues, read in bounded batches."""

from __future__ import annotations

from kaireon_orch.orchestration.connector import Connector


class Kafka(Connector):
    """An Apache Kafka cluster.

    `source`: `{"topic": "orders", "maxMessages": 1000, "format": "json"}`.
    """

    type_slug = "kafka"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class ConfluentKafka(Connector):
    """A Kafka cluster of Confluent Cloud.

    `source`: `{"topic": "orders", "maxMessages": 1000, "format": "avro"}`.
    """

    type_slug = "confluent_kafka"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class RabbitMQ(Connector):
    """A RabbitMQ server.

    `source`: `{"queue": "orders", "format": "json"}`.
    """

    type_slug = "rabbitmq"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class SQS(Connector):
    """A queue of Amazon SQS.

    `source`: `{"maxMessages": 1000, "waitTimeoutSeconds": 15}`.
    """

    type_slug = "amazon_sqs"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class PubSub(Connector):
    """A subscription of Google Pub/Sub.

    `source`: `{"maxMessages": 1000, "waitTimeoutSeconds": 15}`.
    """

    type_slug = "google_pubsub"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class NATS(Connector):
    """A NATS server with JetStream.

    `source`: `{"stream": "ORDERS", "subject": "orders.>"}`.
    """

    type_slug = "nats"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)


class MQTT(Connector):
    """An MQTT broker.

    `source`: `{"topic": "sensors/#", "maxMessages": 1000}`.
    """

    type_slug = "mqtt"

    def __init__(self, connector: str, **data: object) -> None:
        super().__init__(connector, **data)
