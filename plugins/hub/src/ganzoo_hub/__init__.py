"""Push runs to the Hugging Face Hub, and pull them: `ganzoo_hub.push` and `ganzoo_hub.pull`."""

from ganzoo_hub.pulling import pull as pull
from ganzoo_hub.pushing import push as push
