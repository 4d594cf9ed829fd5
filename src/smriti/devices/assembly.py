"""Builds what devices need out of what the process has already."""

from smriti.agents.repository import AgentRepository
from smriti.agents.service import AgentService
from smriti.auth.keys.service import KeyService, RevokeHook
from smriti.core.config import Config
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services
from smriti.db.table import Table
from smriti.devices.channel import Channel
from smriti.devices.chat import DeviceWork
from smriti.devices.connection import Exchange
from smriti.devices.desk import Desk
from smriti.devices.dispatch import Dispatcher
from smriti.devices.door import Door
from smriti.devices.hub import Hub
from smriti.devices.repository import DeviceRepository
from smriti.devices.runs import Runs
from smriti.devices.service import DeviceService
from smriti.devices.session_repository import SessionRepository
from smriti.devices.sessions import Sessions
from smriti.devices.watching import Watches
from smriti.devices.wire_tasks import WireTasks
from smriti.devices.workers import Workers
from smriti.llm.catalog import Catalog
from smriti.llm.service import ModelService
from smriti.observability.metrics import Metrics
from smriti.realtime.broker import EventLogs
from smriti.settings.service import ProviderService
from smriti.turns.capabilities import Capabilities


def add_devices(
    services: Services, table: Table, logs: EventLogs, on_key_revoked: list[RevokeHook]
) -> None:
    hub, channel, runs = Hub(), Channel(), Runs()
    devices = DeviceService(
        services.get(DeviceRepository),
        hub,
        services.get(AgentService),
        services.get(SecretBox),
        working=lambda owner, client_id: sessions.current(owner, client_id),
    )
    workers = Workers(
        services.get(AgentRepository), services.get(ProviderService), services.get(ModelService)
    )
    desk = Desk(
        SessionRepository(table),
        channel,
        devices,
        workers,
        services.get(Catalog),
        services.get(Metrics),
    )
    keep_alive_s = services.get(Config).stream_keep_alive_s
    sessions = Sessions(hub, desk, runs, logs, keep_alive_s=keep_alive_s)
    tasks = WireTasks(sessions, runs, channel)
    door = Door(services.get(KeyService).verify, Exchange(hub, tasks, devices))
    watches = Watches(devices, keep_alive_s=keep_alive_s)
    for left in (tasks.left, devices.left):
        hub.listen(left=left)
    hub.listen(joined=watches.moved, left=watches.moved)
    runs.listen(watches.moved)
    devices.listen(watches.changed)
    on_key_revoked.append(door.revoke)
    dispatcher = Dispatcher(hub, sessions, desk.sessions)
    lent = Capabilities(DeviceWork(devices, sessions))
    services.add(hub, channel, devices, sessions, tasks, door, dispatcher, lent, watches)
