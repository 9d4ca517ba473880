"""RunConfig: one validated tree, the same as TOML, as command-line flags and as Python.

This package says what a user may set; `ganzoo.run.plan` fills in what the user left open. It
imports no torch.
"""

from ganzoo.config.layers import ConfigTree as ConfigTree
from ganzoo.config.layers import Layer as Layer
from ganzoo.config.layers import differences as differences
from ganzoo.config.layers import tree_of as tree_of
from ganzoo.config.schema import SECTIONS as SECTIONS
from ganzoo.config.schema import SETTINGS as SETTINGS
from ganzoo.config.schema import BestBy as BestBy
from ganzoo.config.schema import Beta as Beta
from ganzoo.config.schema import ComponentChoice as ComponentChoice
from ganzoo.config.schema import ExecutionConfig as ExecutionConfig
from ganzoo.config.schema import ImageConfig as ImageConfig
from ganzoo.config.schema import KeyPath as KeyPath
from ganzoo.config.schema import LoggingConfig as LoggingConfig
from ganzoo.config.schema import RunConfig as RunConfig
from ganzoo.config.schema import Switch as Switch
from ganzoo.config.schema import TrainingConfig as TrainingConfig
from ganzoo.config.schema import merged as merged
from ganzoo.config.schema import sorted_settings as sorted_settings
from ganzoo.config.toml import changed_toml as changed_toml
from ganzoo.config.toml import load_config as load_config
from ganzoo.config.toml import parse_assignment as parse_assignment
from ganzoo.config.toml import parse_toml as parse_toml
from ganzoo.config.toml import read_toml as read_toml
from ganzoo.config.toml import to_toml as to_toml
