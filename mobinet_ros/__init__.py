"""The ROS 2 layer of mobinet: convert, call the library, publish.

The installed package also holds the generated ``msg`` modules, which may live under another prefix than this file.
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"
