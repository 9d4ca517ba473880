"""The scaffold: writes a complete, working plugin package from templates."""

from ganzoo.scaffold.create import KINDS_OFFERED as KINDS_OFFERED
from ganzoo.scaffold.create import LICENSES as LICENSES
from ganzoo.scaffold.create import create_plugin as create_plugin
