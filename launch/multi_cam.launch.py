"""Runs every robot and camera of a rig file: ros2 launch mobinet_ros multi_cam.launch.py rig:=PATH."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from mobinet_ros.fastdds import profile_environment, shared_memory_complaints
from mobinet_ros.rig import LaunchSettings, common_start_ns, load_rig, process_specs, settings_for
from mobinet_ros.rig.node_specs import ProcessSpec, join_namespace

SHARE = Path(get_package_share_directory("mobinet_ros"))
RESPAWN_DELAY_S = 2.0
BOOLEAN = ["true", "false", "True", "False"]

ARGUMENTS = (
    DeclareLaunchArgument(
        "rig",
        default_value=str(SHARE / "config" / "rigs" / "video.yaml"),
        description="rig file (YAML), or the name of a rig or a simulated world that is shipped",
    ),
    DeclareLaunchArgument("namespace", default_value="", description="outer namespace of everything"),
    DeclareLaunchArgument("use_sim_time", default_value="false", choices=BOOLEAN, description="nodes follow /clock"),
    DeclareLaunchArgument(
        "params_file", default_value="", description="ROS parameter file that overrides the rig; none if empty"
    ),
    DeclareLaunchArgument(
        "autostart",
        default_value="true",
        choices=BOOLEAN,
        description="nodes configure and activate themselves; false leaves that to a lifecycle manager",
    ),
    DeclareLaunchArgument(
        "composed",
        default_value="true",
        choices=BOOLEAN,
        description="one process a robot, images handed over in memory; false: one process a node",
    ),
    DeclareLaunchArgument(
        "log_level",
        default_value="info",
        choices=["debug", "info", "warn", "error", "fatal"],
        description="of all nodes",
    ),
    DeclareLaunchArgument("rviz", default_value="false", choices=BOOLEAN, description="also start RViz"),
)


def start(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """The actions that run the rig, once the arguments are known."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    def flag(name: str) -> bool:
        return value(name).lower() == "true"

    settings = LaunchSettings(
        # a group that includes this file may have pushed a namespace
        namespace=join_namespace(context.launch_configurations.get("ros_namespace", ""), value("namespace")).strip("/"),
        use_sim_time=flag("use_sim_time"),
        params_file=value("params_file"),
        autostart=flag("autostart"),
        log_level=value("log_level"),
        start_time_ns=0 if flag("use_sim_time") else common_start_ns(),
    )
    rig = load_rig(value("rig"))
    settings = settings_for(rig, settings)
    specs = process_specs(rig, settings, flag("composed"))
    complaints = [LogInfo(msg=f"warning: {line}") for line in shared_memory_complaints(len(specs))]
    profile = [SetEnvironmentVariable(*pair) for pair in profile_environment(context.environment).items()]
    rviz = [rviz_node(settings)] if flag("rviz") else []
    return [*complaints, *profile, *(process(spec) for spec in specs), *rviz]


def process(spec: ProcessSpec) -> Node:
    """A process of the rig; it comes back when it dies."""
    return Node(
        package="mobinet_ros",
        executable=spec.executable,
        arguments=list(spec.arguments),
        additional_env=dict(spec.environment),
        output="screen",
        emulate_tty=True,
        respawn=True,
        respawn_delay=RESPAWN_DELAY_S,
    )


def rviz_node(settings: LaunchSettings) -> Node:
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", str(SHARE / "rviz" / "multi_cam.rviz")],
        parameters=[{"use_sim_time": settings.use_sim_time}],
        output="screen",
    )


def generate_launch_description() -> LaunchDescription:
    """What ``ros2 launch`` asks for."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=start)])
