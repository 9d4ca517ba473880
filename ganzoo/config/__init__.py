"""RunConfig: one validated tree, the same as TOML, as command-line flags and as Python.

This package says what a user may set; `ganzoo.run.plan` fills in what the user left open. It
imports no torch.
"""

from ganzoo.config.layers import ConfigTree as ConfigTree
from ganzoo.config.layers import Layer as Layer
from ganzoo.config.layers import differences as differences
from ganzoo.config.layers import tree_of as tree_of
from ganzoo.config.run_config import SECTIONS as SECTIONS
from ganzoo.config.run_config import SETTINGS as SETTINGS
from ganzoo.config.run_config import ComponentChoice as ComponentChoice
from ganzoo.config.run_config import KeyPath as KeyPath
from ganzoo.config.run_config import RunConfig as RunConfig
from ganzoo.config.run_config import merged as merged
from ganzoo.config.run_config import sorted_settings as sorted_settings
from ganzoo.config.schema import BestBy as BestBy
from ganzoo.config.schema import ExecutionConfig as ExecutionConfig
from ganzoo.config.schema import ImageConfig as ImageConfig
from ganzoo.config.schema import LoggingConfig as LoggingConfig
from ganzoo.config.schema import Switch as Switch
from ganzoo.config.schema import TrainingConfig as TrainingConfig
from ganzoo.config.toml import changed_toml as changed_toml
from ganzoo.config.toml import load_config as load_config
from ganzoo.config.toml import parse_assignment as parse_assignment
from ganzoo.config.toml import parse_toml as parse_toml
from ganzoo.config.toml import read_toml as read_toml
from ganzoo.config.toml import to_toml as to_toml
