#!/usr/bin/env bash
# colcon build and colcon test, on the ROS wheels of an environment instead of a distribution.
# usage: colcon.sh VENV [folder for build, install and log]
set -euo pipefail
venv=$1
source=$(cd "$(dirname "$0")/.." && pwd)
work=${2:-$source}
mkdir -p "$work"
cd "$work"
export AMENT_PREFIX_PATH=$venv CMAKE_PREFIX_PATH=$venv
export PATH=$venv/bin:$PATH

colcon build \
  --base-paths "$source" "$source"/interfaces/*/ \
  --event-handlers console_cohesion+ \
  --cmake-args -DCMAKE_PROJECT_INCLUDE="$source/scripts/wheel_fixes.cmake" -DPython3_EXECUTABLE="$venv/bin/python"

colcon test --base-paths "$source" --packages-select mobinet_ros --event-handlers console_cohesion+ \
  --return-code-on-test-failure
colcon test-result --verbose
