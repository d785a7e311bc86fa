"""Runs environments of Gymnasium for jepa: requests on stdin, answers on stdout (the protocol: docs/simulation.md).

A message is one line of JSON with "type" and "byteLength", and so many bytes after it. Numbers are little-endian.
Needs Gymnasium and NumPy, which Gymnasium needs itself.
"""

import copy
import json
import os
import sys

PROTOCOL = 1


class Fault(Exception):
    """What the other side tells the user; `kind` decides the remedy."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def open_channels():
    """The pipes as binary files. Whatever an environment prints goes to stderr, and it reads nothing."""
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (0, 1):
            msvcrt.setmode(descriptor, os.O_BINARY)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return requests, answers


class Environments:
    """Environments of one id, one a lane."""

    def __init__(self, request):
        try:
            import gymnasium
            import numpy
        except ImportError as error:
            raise Fault("missing-gymnasium", str(error)) from error
        self.gymnasium, self.numpy = gymnasium, numpy
        self.render = request["render"]
        self.kept = []
        self.lanes = [self.make(request["environment"], request["options"]) for _ in range(request["lanes"])]
        self.action, self.take = self.describe_action(self.lanes[0].action_space)
        space = self.lanes[0].observation_space
        # An observation of a discrete space names the state of the environment, whatever is seen of it.
        is_discrete = isinstance(space, gymnasium.spaces.Discrete)
        self.state = (lambda observation: int(observation) - int(space.start)) if is_discrete else None
        self.observation, self.observe = self.describe_frames() if self.render else self.describe_observation(space)

    def make(self, name, options):
        error = self.gymnasium.error
        try:
            return self.gymnasium.make(name, render_mode="rgb_array" if self.render else None, **options)
        except (error.UnregisteredEnv, error.DeprecatedEnv) as cause:
            raise Fault("unknown-environment", str(cause)) from cause
        except (error.DependencyNotInstalled, ImportError) as cause:
            raise Fault("missing-dependency", str(cause)) from cause
        except Exception as cause:
            raise Fault("exception", f"gymnasium.make raised {type(cause).__name__}: {cause}") from cause

    def describe_action(self, space):
        spaces, numpy = self.gymnasium.spaces, self.numpy
        if isinstance(space, spaces.Discrete):
            return {"kind": "discrete", "count": int(space.n)}, lambda action: int(space.start) + int(action)
        if isinstance(space, spaces.Box):
            low, high = space.low.reshape(-1).astype("f8"), space.high.reshape(-1).astype("f8")
            if not (numpy.isfinite(low).all() and numpy.isfinite(high).all()):
                raise Fault("unsupported", f"expected actions within finite bounds, got {space}")
            if not numpy.issubdtype(space.dtype, numpy.floating):
                raise Fault("unsupported", f"expected actions of Discrete or of Box of floats, got {space}")

            def take(action):
                return numpy.clip(action.reshape(space.shape).astype(space.dtype), space.low, space.high)

            return {"kind": "continuous", "low": low.tolist(), "high": high.tolist()}, take
        raise Fault("unsupported", f"expected actions of Discrete or of Box of floats, got {space}")

    def describe_observation(self, space):
        spaces, numpy = self.gymnasium.spaces, self.numpy
        if is_image(spaces, space):
            shape = list(space.shape) + [1] * (3 - len(space.shape))
            return {"kind": "image", "shape": shape}, lambda lane, observation: numpy.asarray(observation, "u1").tobytes()
        parts = leaves(spaces, space)
        image = next((part for part in parts if is_image(spaces, part)), None)
        if image is not None:
            raise Fault("unsupported", f"expected an image alone, or numbers alone, got {image} inside of {type(space).__name__}")
        try:
            flat = spaces.flatten_space(space)
        except NotImplementedError:
            flat = None
        if not isinstance(flat, spaces.Box):
            raise Fault("unsupported", f"expected observations that can be flattened into numbers, got {space}")

        def observe(lane, observation):
            return spaces.flatten(space, observation).astype("<f4").tobytes()

        return {"kind": "vector", "size": int(flat.shape[0])}, observe

    def describe_frames(self):
        self.lanes[0].reset(seed=0)
        self.frame_shape = None
        self.frame_shape = self.frame(self.lanes[0]).shape
        return {"kind": "image", "shape": list(self.frame_shape)}, lambda lane, observation: self.frame(lane).tobytes()

    def frame(self, lane):
        frame = lane.render()
        if not isinstance(frame, self.numpy.ndarray) or frame.ndim != 3 or frame.dtype != self.numpy.uint8:
            raise Fault("unsupported", f"expected render to draw [H, W, 3] bytes, got {type(frame).__name__}")
        if self.frame_shape is not None and frame.shape != self.frame_shape:
            raise Fault("unsupported", f"expected frames {list(self.frame_shape)}, got {list(frame.shape)}")
        return frame

    def opening(self):
        versions = {"gymnasium": self.gymnasium.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
        return {
            "type": "open",
            "protocol": PROTOCOL,
            "versions": versions,
            "observation": self.observation,
            "action": self.action,
            "hasState": self.state is not None,
        }

    def reset(self, request):
        observations, states = [], []
        for lane, seed in zip(request["lanes"], request["seeds"], strict=True):
            observation, _ = self.lanes[lane].reset(seed=seed)
            observations.append(self.observe(self.lanes[lane], observation))
            states.append(self.state(observation) if self.state else 0)
        return {"type": "reset"}, b"".join(observations) + self.pack(states, "<i4")

    def step(self, request, body):
        actions = self.read_actions(body, len(request["lanes"]))
        steps = [self.advance(self.lanes[lane], action) for lane, action in zip(request["lanes"], actions, strict=True)]
        return {"type": "step"}, self.pack_steps(steps)

    def save(self, request):
        return {"type": "save", "handle": self.keep(self.lanes[request["lane"]])}, b""

    def branch(self, request, body):
        """Goes on from each of the situations that are named, keeps where that led, and puts the lane back."""
        lane, count = self.lanes[request["lane"]], request["count"]
        handles = self.numpy.frombuffer(body, "<i4", count)
        actions = self.read_actions(body[4 * count :], count)
        here, first, steps = Situation(lane), len(self.kept), []
        for handle, action in zip(handles, actions, strict=True):
            self.kept[handle].restore()
            steps.append(self.advance(lane, action))
            self.keep(lane)
        here.restore()
        return {"type": "branch", "handle": first}, self.pack_steps(steps)

    def release(self):
        self.kept.clear()
        return {"type": "release"}, b""

    def keep(self, lane):
        self.kept.append(Situation(lane))
        return len(self.kept) - 1

    def read_actions(self, body, count):
        if self.action["kind"] == "discrete":
            return self.numpy.frombuffer(body, "<i4", count)
        return self.numpy.frombuffer(body, "<f4").reshape(count, -1)

    def advance(self, lane, action):
        observation, reward, terminated, truncated, _ = lane.step(self.take(action))
        state = self.state(observation) if self.state else 0
        return self.observe(lane, observation), state, float(reward), int(bool(terminated)) + 2 * int(bool(truncated))

    def pack_steps(self, steps):
        observations, states, rewards, flags = zip(*steps)
        return b"".join(
            [b"".join(observations), self.pack(states, "<i4"), self.pack(rewards, "<f8"), self.pack(flags, "u1")]
        )

    def pack(self, values, dtype):
        return self.numpy.array(values, dtype).tobytes()


# What environments draw with: nothing of it decides what happens next, and most of it cannot be copied.
DRAWING = ("screen", "clock", "surf", "window", "window_surface", "viewer", "renderer", "mujoco_renderer")


def layers_of(lane):
    """The environment and its wrappers, the outermost first."""
    layers = [lane]
    while layers[-1] is not lane.unwrapped:
        layers.append(layers[-1].env)
    return layers


class Situation:
    """All that decides what comes next in a lane: deep copies, but for what never changes and what only draws."""

    def __init__(self, lane):
        import numpy

        self.layers = layers_of(lane)
        plain = (int, float, complex, str, bytes, type(None), numpy.generic)
        as_they_are, self.generators, mutable = [], [], []
        shared = {id(layer): layer for layer in self.layers}
        for layer in self.layers:
            attributes = vars(layer)
            kept = {}
            for name, value in attributes.items():
                if isinstance(value, numpy.random.Generator):
                    # A copy of the generator itself takes longer than a step.
                    self.generators.append((value, value.bit_generator.state))
                    shared[id(value)] = value
                elif not isinstance(value, plain) and not is_outside(name, value):
                    kept[name] = value
                else:
                    shared[id(value)] = value
            as_they_are.append({name: value for name, value in attributes.items() if name not in kept})
            mutable.append(kept)
        self.as_they_are, self.shared = as_they_are, shared
        self.mutable = copy.deepcopy(mutable, dict(shared))

    def restore(self):
        for layer, fixed, copied in zip(
            self.layers, self.as_they_are, copy.deepcopy(self.mutable, dict(self.shared)), strict=True
        ):
            vars(layer).clear()
            vars(layer).update(fixed, **copied)
        for generator, state in self.generators:
            generator.bit_generator.state = state


def is_outside(name, value):
    """Whether an attribute is no part of what happens: another layer, a description, a window."""
    from gymnasium import Env
    from gymnasium.envs.registration import EnvSpec
    from gymnasium.spaces import Space

    return name in DRAWING or isinstance(value, (Env, EnvSpec, Space))


def is_image(spaces, space):
    if not isinstance(space, spaces.Box) or space.dtype != "uint8":
        return False
    if len(space.shape) == 2:
        return min(space.shape) >= 8
    return len(space.shape) == 3 and space.shape[2] in (1, 3, 4) and min(space.shape[:2]) >= 8


def leaves(spaces, space):
    if isinstance(space, spaces.Dict):
        return [leaf for part in space.spaces.values() for leaf in leaves(spaces, part)]
    if isinstance(space, spaces.Tuple):
        return [leaf for part in space.spaces for leaf in leaves(spaces, part)]
    return [space]


def main():
    # Frames are drawn without a window.
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    requests, answers = open_channels()

    def answer(header, body=b""):
        answers.write(json.dumps({**header, "byteLength": len(body)}).encode() + b"\n" + body)
        answers.flush()

    environments = None
    # The end of stdin is the end of the work.
    for line in iter(requests.readline, b""):
        request = json.loads(line)
        body = requests.read(request["byteLength"])
        try:
            if request["type"] == "open":
                environments = Environments(request)
                answer(environments.opening())
            elif request["type"] == "reset":
                answer(*environments.reset(request))
            elif request["type"] == "step":
                answer(*environments.step(request, body))
            elif request["type"] == "save":
                answer(*environments.save(request))
            elif request["type"] == "branch":
                answer(*environments.branch(request, body))
            elif request["type"] == "release":
                answer(*environments.release())
            else:
                raise Fault("exception", f"expected a request of the protocol, got {request['type']}")
        except Fault as fault:
            answer({"type": "fault", "kind": fault.kind, "message": str(fault)})
        except Exception as error:
            answer({"type": "fault", "kind": "exception", "message": f"{request['type']} raised {type(error).__name__}: {error}"})


main()
