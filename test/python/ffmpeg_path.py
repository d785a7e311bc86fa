"""Prints where imageio-ffmpeg keeps its ffmpeg, as JSON."""

import json

import imageio_ffmpeg

print(json.dumps(imageio_ffmpeg.get_ffmpeg_exe()))
