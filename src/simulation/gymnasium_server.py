"""Runs environments of Gymnasium for jepa: requests on stdin, answers on stdout (the protocol: docs/simulation.md).

A message is one line of JSON with "type" and "byteLength", and so many bytes after it. Numbers are little-endian.
Needs Gymnasium and NumPy, which Gymnasium needs itself.
"""

import copy
import json
import os
import sys

PROTOCOL = 2


class Fault(Exception):
    """What the other side tells the user; `kind` decides the remedy, where none is given."""

    def __init__(self, kind, message, remedy=None):
        super().__init__(message)
        self.kind = kind
        self.remedy = remedy


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
        self.notes = []
        self.actions = ActionCodec(gymnasium.spaces, numpy, self.lanes[0].action_space)
        space = self.lanes[0].observation_space
        # An observation of a discrete space names the state of the environment, whatever is seen of it.
        is_discrete = isinstance(space, gymnasium.spaces.Discrete)
        self.state = (lambda observation: int(observation) - int(space.start)) if is_discrete else None
        self.parts, self.observe = self.describe_frames() if self.render else self.describe_observation(space)

    def make(self, name, options):
        error = self.gymnasium.error
        # A class without that argument is one that plain `make` takes.
        drawing = {"render_mode": "rgb_array"} if self.render else {}
        try:
            return self.gymnasium.make(name, **drawing, **options)
        except (error.UnregisteredEnv, error.DeprecatedEnv) as cause:
            raise Fault("unknown-environment", str(cause)) from cause
        except (error.DependencyNotInstalled, ImportError) as cause:
            raise Fault("missing-dependency", str(cause)) from cause
        except TypeError as cause:
            if self.render and "render_mode" not in options:
                raise Fault(
                    "unsupported", f"expected an environment that draws frames, got: {cause}", "Observe its numbers: drop `render`."
                ) from cause
            raise Fault("exception", f"gymnasium.make raised TypeError: {cause}") from cause
        except Exception as cause:
            raise Fault("exception", f"gymnasium.make raised {type(cause).__name__}: {cause}") from cause

    def describe_observation(self, space):
        parts = []
        for name, part, path in leaves(self.gymnasium.spaces, space):
            leaf = ObservationLeaf(self.gymnasium.spaces, self.numpy, part, name, path)
            if leaf.description is None:
                self.notes.append(f"the part {name or 'observation'} of the observations is left out: {type(part).__name__}, not of a fixed size")
            else:
                parts.append(leaf)
        if not parts:
            raise Fault(
                "unsupported",
                f"expected observations of numbers or images, got {space}",
                "Observe its frames with `render`, or register a wrapped environment (gymnasium.ObservationWrapper).",
            )

        def observe(lane, observation):
            return b"".join(part.encode(observation) for part in parts)

        return [part.description for part in parts], observe

    def describe_frames(self):
        self.lanes[0].reset(seed=0)
        self.frame_shape = None
        self.frame_shape = self.frame(self.lanes[0]).shape
        frame = {"name": "", "type": "uint8", "shape": list(self.frame_shape), "of": "the frames of render"}
        return [frame], lambda lane, observation: self.frame(lane).tobytes()

    def frame(self, lane):
        frame = lane.render()
        if not isinstance(frame, self.numpy.ndarray) or frame.ndim != 3 or frame.dtype != self.numpy.uint8:
            raise Fault(
                "unsupported",
                f"expected render to draw [H, W, 3] bytes, got {type(frame).__name__}",
                "Observe its numbers: drop `render`.",
            )
        if self.frame_shape is not None and frame.shape != self.frame_shape:
            raise Fault("unsupported", f"expected frames {list(self.frame_shape)}, got {list(frame.shape)}")
        return frame

    def opening(self):
        versions = {"gymnasium": self.gymnasium.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
        return {
            "type": "open",
            "protocol": PROTOCOL,
            "versions": versions,
            "observation": self.parts,
            "action": self.actions.description,
            "notes": self.notes,
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
        if self.actions.is_discrete:
            return self.numpy.frombuffer(body, "<i4", count)
        return self.numpy.frombuffer(body, "<f4").reshape(count, -1)

    def advance(self, lane, action):
        observation, reward, terminated, truncated, _ = lane.step(self.actions.decode(action))
        seen = self.observe(lane, observation)
        state = self.state(observation) if self.state else 0
        return seen, state, float(reward), int(bool(terminated)) + 2 * int(bool(truncated))

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


def leaves(spaces, space, name="", path=()):
    """(name, space, keys that lead to it) of all parts that are no Dict and no Tuple, in the order of gymnasium.spaces.flatten."""
    if isinstance(space, spaces.Dict):
        inner = space.spaces.items()
    elif isinstance(space, spaces.Tuple):
        inner = enumerate(space.spaces)
    else:
        return [(name, space, path)]
    return [
        leaf
        for key, part in inner
        for leaf in leaves(spaces, part, f"{name}/{key}" if name else str(key), (*path, key))
    ]


BROKEN = "The environment breaks its own observation_space: gymnasium.utils.env_checker.check_env finds such faults."


class ObservationLeaf:
    """A part of an observation: bytes as they are, everything else as float32, choices one-hot."""

    def __init__(self, spaces, numpy, space, name, path):
        self.spaces, self.numpy, self.space, self.name, self.path = spaces, numpy, space, name, path
        self.description = None
        if not isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)):
            return
        self.is_bytes = isinstance(space, spaces.Box) and space.dtype == numpy.uint8
        is_box = isinstance(space, spaces.Box)
        shape = list(space.shape) if is_box else [int(spaces.flatdim(space))]
        if 0 in shape:
            return
        self.description = {
            "name": name,
            "type": "uint8" if self.is_bytes else "float32",
            "shape": [int(side) for side in shape],
            "of": str(space) if len(str(space)) < 200 else f"{type(space).__name__}{tuple(space.shape)}",
        }

    def encode(self, observation):
        numpy, space = self.numpy, self.space
        value = observation
        for key in self.path:
            try:
                value = value[key]
            except (KeyError, IndexError, TypeError) as cause:
                raise self.broken(f"a part {self.name}", type(observation).__name__ + " without it") from cause
        try:
            array = numpy.asarray(value)
        except ValueError as cause:
            raise self.broken("an array", str(cause)) from cause
        expected = tuple(space.shape or ())
        if array.shape != expected:
            raise self.broken(f"the shape {list(expected)} of its space", str(list(array.shape)))
        if array.dtype.kind not in "biuf":
            raise self.broken("numbers", f"an array of {array.dtype}")
        if self.is_bytes:
            if array.dtype != numpy.uint8:
                if array.size and (array.dtype.kind == "f" or array.min() < 0 or array.max() > 255):
                    raise self.broken("bytes, as its space says", f"{array.dtype} in {array.min()}..{array.max()}")
                array = array.astype("u1")
            return array.tobytes()
        if isinstance(space, self.spaces.Box):
            return array.astype("<f4").tobytes()
        # A choice that there is not would be another one's 1, or none.
        if isinstance(space, self.spaces.Discrete):
            low, count = int(space.start), int(space.n)
        elif isinstance(space, self.spaces.MultiDiscrete):
            low, count = getattr(space, "start", 0), space.nvec
        else:
            low, count = 0, 2
        if (array < low).any() or (array >= low + count).any():
            raise self.broken(f"a value of {space}", str(array.tolist()))
        return self.spaces.flatten(space, value if isinstance(space, self.spaces.Discrete) else array.astype(space.dtype)).astype("<f4").tobytes()

    def broken(self, expected, found):
        part = f" {self.name}" if self.name else ""
        return Fault("environment", f"observation{part}: expected {expected}, got {found}", BROKEN)


# Combinations of choices that are one action of so many names; more of them are numbers, one-hot for each choice.
JOINT_CHOICES = 32
# Whole numbers within wider bounds are no choices that anybody can list.
LISTED_CHOICES = 256


class ActionCodec:
    """
    Actions as an index, or as numbers: each part of the space is some choices or some numbers within bounds, in the order of
    gymnasium.spaces.flatten. Up to JOINT_CHOICES combinations of choices are one index, the last part changing fastest; else
    a choice is as many numbers as it has values, of which the largest is meant.
    """

    def __init__(self, spaces, numpy, space):
        self.spaces, self.numpy, self.space = spaces, numpy, space
        self.parts = [part for name, leaf, _ in leaves(spaces, space) for part in self.parts_of(name, leaf)]
        if not self.parts:
            raise Fault("unsupported", f"expected actions, got {space}", WRAP_ACTIONS)
        combinations = 1
        for part in self.parts:
            combinations *= len(part["values"]) if "values" in part else LISTED_CHOICES + 1
        all_listed = all("values" in part for part in self.parts)
        self.is_discrete = all_listed and (combinations <= JOINT_CHOICES or len(self.parts) == 1)
        if self.is_discrete and combinations < 2:
            raise Fault("unsupported", f"expected two actions or more, got {space}", WRAP_ACTIONS)
        self.description = self.describe_index(combinations) if self.is_discrete else self.describe_numbers()

    def parts_of(self, name, space):
        spaces, numpy = self.spaces, self.numpy
        each = lambda count: [f"{name}[{i}]" if name else str(i) for i in range(count)] if count != 1 else [name]
        if isinstance(space, spaces.Discrete):
            return [{"name": name, "values": range(int(space.start), int(space.start + space.n))}]
        if isinstance(space, spaces.MultiBinary):
            count = int(numpy.prod(space.shape))
            return [{"name": part, "values": range(2)} for part in each(count)]
        if isinstance(space, spaces.MultiDiscrete):
            starts = numpy.broadcast_to(getattr(space, "start", 0), space.nvec.shape).reshape(-1)
            counts = space.nvec.reshape(-1)
            return [
                {"name": part, "values": range(int(start), int(start + count))}
                for part, start, count in zip(each(len(counts)), starts, counts, strict=True)
            ]
        if not isinstance(space, spaces.Box):
            raise Fault(
                "unsupported",
                f"expected actions of Box, Discrete, MultiDiscrete, MultiBinary, and Dict and Tuple of them, got {space}",
                WRAP_ACTIONS,
            )
        low, high = space.low.reshape(-1).astype("f8"), space.high.reshape(-1).astype("f8")
        if not (numpy.isfinite(low).all() and numpy.isfinite(high).all()):
            raise Fault(
                "unsupported",
                f"expected actions within finite bounds, got {space}",
                "Register a wrapped environment whose action_space has bounds: gymnasium.wrappers.TransformAction.",
            )
        bounds = list(zip(each(len(low)), low.tolist(), high.tolist(), strict=True))
        if numpy.issubdtype(space.dtype, numpy.floating):
            if not (low < high).all():
                raise Fault("unsupported", f"expected actions whose bounds leave a choice, got {space}", WRAP_ACTIONS)
            return [{"name": part, "low": least, "high": most} for part, least, most in bounds]
        if (high - low >= LISTED_CHOICES).any():
            raise Fault(
                "unsupported",
                f"expected whole numbers of at most {LISTED_CHOICES} values, or floats, as actions, got {space}",
                WRAP_ACTIONS,
            )
        return [{"name": part, "values": range(int(least), int(most) + 1)} for part, least, most in bounds]

    def describe_index(self, combinations):
        names = [part["name"] for part in self.parts]
        are_numbered = all(name == "" or name.isdigit() for name in names)

        def label(index):
            values = self.choices_of(index)
            return ",".join(str(value) if are_numbered else f"{name}={value}" for name, value in zip(names, values))

        return {"kind": "discrete", "names": [label(index) for index in range(combinations)]}

    def describe_numbers(self):
        low, high, names, choices = [], [], [], []
        for part in self.parts:
            if "values" in part:
                choices.append([len(low), len(part["values"])])
                for value in part["values"]:
                    low.append(0.0)
                    high.append(1.0)
                    names.append(f"{part['name']}={value}")
            else:
                low.append(part["low"])
                high.append(part["high"])
                names.append(part["name"])
        return {"kind": "continuous", "low": low, "high": high, "names": names, "choices": choices}

    def choices_of(self, index):
        """The value of each part of a joint index, the last part changing fastest."""
        values = []
        for part in reversed(self.parts):
            index, position = divmod(index, len(part["values"]))
            values.append(part["values"][position])
        return values[::-1]

    def decode(self, action):
        if self.is_discrete:
            values = iter(self.choices_of(int(action)))
        else:
            values = iter(self.values_of(action))
        return self.build(self.space, values)

    def values_of(self, numbers):
        values, at = [], 0
        for part in self.parts:
            count = len(part["values"]) if "values" in part else 1
            piece = numbers[at : at + count]
            values.append(part["values"][int(piece.argmax())] if "values" in part else piece[0])
            at += count
        return values

    def build(self, space, values):
        """The action of `space` out of the values of its parts, in order."""
        spaces, numpy = self.spaces, self.numpy
        if isinstance(space, spaces.Dict):
            return {key: self.build(part, values) for key, part in space.spaces.items()}
        if isinstance(space, spaces.Tuple):
            return tuple(self.build(part, values) for part in space.spaces)
        if isinstance(space, spaces.Discrete):
            return int(next(values))
        count = int(numpy.prod(space.shape))
        flat = numpy.array([next(values) for _ in range(count)])
        shaped = flat.reshape(space.shape).astype(space.dtype)
        return numpy.clip(shaped, space.low, space.high) if isinstance(space, spaces.Box) else shaped


WRAP_ACTIONS = "Register a wrapped environment (gymnasium.ActionWrapper) whose action_space is one of those."


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
            remedy = {} if fault.remedy is None else {"remedy": fault.remedy}
            answer({"type": "fault", "kind": fault.kind, "message": str(fault), **remedy})
        except Exception as error:
            answer({"type": "fault", "kind": "exception", "message": f"{request['type']} raised {type(error).__name__}: {error}"})


main()
