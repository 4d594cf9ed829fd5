"""krishna-device: who works on devices. In a chat it answers as krishna-mini does."""

from smriti.turns.architectures.krishna_mini import KrishnaMini


class KrishnaDevice(KrishnaMini):
    name = "krishna-device"
