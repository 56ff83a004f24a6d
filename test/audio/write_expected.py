"""
Writes expected.json.gz, what the tests of audio compare with: `python3 write_expected.py`, with PyTorch 1.13, numpy, scipy and the module `audioop` of
Python 3.11. torchaudio's definitions are written down here once more, over PyTorch's complex numbers; files are written by Python and scipy.
"""
import audioop
import base64
import gzip
import io
import json
import math
import wave
from pathlib import Path

import numpy as np
import scipy.fft
import scipy.io.wavfile
import torch
from torch.nn import functional as F

torch.manual_seed(0)
time = torch.arange(1200) / 8000
signal = torch.stack([torch.sin(2 * math.pi * 440 * time) * 0.5 + 0.1 * torch.randn(1200), torch.randn(1200) * 0.2])
expected = {"signal": signal.tolist()}


def rounded(x, digits=7):
    return [rounded(y, digits) for y in x] if isinstance(x, list) else float(f"%.{digits}g" % x)


def put(name, x):
    expected[name] = rounded(x.double().tolist()) if isinstance(x, torch.Tensor) else x


def spectrogram(x, pad, window, n_fft, hop, win, power, normalized, center=True, pad_mode="reflect", onesided=True):
    x = F.pad(x, (pad, pad)) if pad else x
    z = torch.stft(x, n_fft, hop, win, window, center, pad_mode, normalized == "frame_length", onesided, return_complex=True)
    if normalized is True or normalized == "window":
        z = z / window.pow(2.0).sum().sqrt()
    return torch.view_as_real(z) if power is None else z.abs().pow(power)


hann = torch.hann_window(64)
for name, args, kwargs in [
    ("power", (0, hann, 64, 32, 64, 2, False), {}),
    ("amplitude", (3, torch.hamming_window(48), 64, 40, 48, 1, "window"), {"center": False}),
    ("odd", (0, torch.hann_window(50), 50, 25, 50, 1.5, True), {"pad_mode": "constant"}),
    ("complex", (0, hann, 64, 30, 64, None, "frame_length"), {"onesided": False}),
]:
    put("spectrogram." + name, spectrogram(signal[:, :300], *args, **kwargs))


def hz_to_mel(f, scale):
    if scale == "htk":
        return 2595.0 * math.log10(1.0 + f / 700.0)
    return 15 + math.log(f / 1000.0) / (math.log(6.4) / 27.0) if f >= 1000 else f / (200.0 / 3)


def mel_to_hz(m, scale):
    if scale == "htk":
        return 700.0 * (10.0 ** (m / 2595.0) - 1.0)
    f = m * (200.0 / 3)
    log = m >= 15
    f[log] = 1000.0 * torch.exp((math.log(6.4) / 27.0) * (m[log] - 15))
    return f


def bank(freqs, points):
    diff = points[1:] - points[:-1]
    slopes = points[None] - freqs[:, None]
    return torch.max(torch.zeros(1), torch.min(-slopes[:, :-2] / diff[:-1], slopes[:, 2:] / diff[1:]))


def mel_bank(n_freqs, f_min, f_max, n_mels, rate, norm, scale):
    points = mel_to_hz(torch.linspace(hz_to_mel(f_min, scale), hz_to_mel(f_max, scale), n_mels + 2), scale)
    fb = bank(torch.linspace(0, rate // 2, n_freqs), points)
    return fb * (2.0 / (points[2:] - points[:-2]))[None] if norm else fb


put("banks", [])
for args in [(33, 0.0, 4000.0, 10, 8000, None, "htk"), (101, 20.0, 7600.0, 23, 16000, "slaney", "slaney"), (40, 300.0, 3400.0, 8, 8001, "slaney", "htk")]:
    expected["banks"].append([args, rounded(mel_bank(*args).tolist())])
put("linearBank", bank(torch.linspace(0, 4000, 33), torch.linspace(100.0, 3900.0, 14)))


def dct(n, m, norm):
    return scipy.fft.dct(np.eye(m), type=2, norm=norm, axis=0)[:n].T


put("dct.ortho", torch.tensor(dct(13, 23, "ortho")))
put("dct.null", torch.tensor(dct(5, 8, None)))


def to_db(x, multiplier, amin, db, top):
    y = multiplier * torch.log10(x.clamp(min=amin)) - multiplier * db
    shape = y.shape
    y = y.reshape(-1, shape[-3] if y.dim() > 2 else 1, *shape[-2:])
    return torch.max(y, (y.amax((-3, -2, -1)) - top).view(-1, 1, 1, 1)).reshape(shape)


power = spectrogram(signal, 0, torch.hann_window(64), 64, 32, 64, 2, False)
put("db", to_db(power, 10.0, 1e-10, 0.0, 30.0))
fb = mel_bank(33, 0.0, 4000.0, 20, 8000, None, "htk")
mel = (power.transpose(-1, -2) @ fb).transpose(-1, -2)
put("mel", mel)
put("mfcc", (to_db(mel, 10.0, 1e-10, 0.0, 80.0).transpose(-1, -2) @ torch.tensor(dct(13, 20, "ortho")).float()).transpose(-1, -2))
put("mfcc.log", ((mel + 1e-6).log().transpose(-1, -2) @ torch.tensor(dct(13, 20, "ortho")).float()).transpose(-1, -2))
linear = (power.transpose(-1, -2) @ bank(torch.linspace(0, 4000, 33), torch.linspace(0.0, 4000.0, 17))).transpose(-1, -2)
put("lfcc", (to_db(linear, 10.0, 1e-10, 0.0, 80.0).transpose(-1, -2) @ torch.tensor(dct(6, 15, "ortho")).float()).transpose(-1, -2))


def resample(x, orig, new, width=6, rolloff=0.99, kaiser=False, beta=14.769656459379492):
    g = math.gcd(orig, new)
    orig, new = orig // g, new // g
    base = min(orig, new) * rolloff
    w = math.ceil(width * orig / base)
    idx = torch.arange(-w, w + orig, dtype=torch.float64)[None, None] / orig
    t = torch.arange(0, -new, -1)[:, None, None] / new + idx
    t = (t * base).clamp(-width, width)
    if kaiser:
        b = torch.tensor(float(beta))
        window = torch.i0(b * torch.sqrt(1 - (t / width) ** 2)) / torch.i0(b)
    else:
        window = torch.cos(t * math.pi / width / 2) ** 2
    t = t * math.pi
    kernel = (torch.where(t == 0, torch.tensor(1.0).to(t), t.sin() / t) * window * (base / orig)).float()
    y = F.conv1d(F.pad(x, (w, w + orig))[:, None], kernel, stride=orig).transpose(1, 2).reshape(x.shape[0], -1)
    return y[:, : math.ceil(new * x.shape[1] / orig)]


expected["resample"] = []
for orig, new, options in [
    (8000, 16000, {}),
    (8000, 6000, {"width": 16}),
    (44100, 8000, {"rolloff": 0.9}),
    (3, 7, {"kaiser": True}),
    (5, 4, {"kaiser": True, "beta": 8.0, "width": 10}),
]:
    expected["resample"].append([orig, new, options, rounded(resample(signal[:, :200], orig, new, **options).tolist())])

deltas = torch.randn(2, 3, 12)
put("deltas.input", deltas)
kernel = torch.arange(-3, 4, dtype=torch.float32).repeat(6, 1, 1)
put("deltas", (F.conv1d(F.pad(deltas.reshape(1, 6, 12), (3, 3), mode="replicate"), kernel, groups=6) / 28).reshape(2, 3, 12))

mu = (torch.sign(signal) * torch.log1p(255 * signal.abs()) / math.log1p(255) + 1) / 2 * 255 + 0.5
put("mu", mu.long())

torch.manual_seed(3)
phases = torch.rand(33, 10, dtype=torch.cfloat)
put("randComplex", torch.view_as_real(phases[:3, :3]))
griffin = power[0, :, :10].sqrt()
angles, previous, momentum = phases, torch.tensor(0.0), 0.99 / 1.99
settings = dict(n_fft=64, hop_length=32, win_length=64, window=hann)
for _ in range(4):
    rebuilt = torch.stft(torch.istft(griffin * angles, **settings), **settings, return_complex=True)
    angles = rebuilt - previous * momentum
    angles = angles / (angles.abs() + 1e-16)
    previous = rebuilt
put("griffin", torch.istft(griffin * angles, **settings))

stretch = torch.stft(signal[0, :400], **settings, return_complex=True)


def vocoder(z, rate, advance):
    steps = torch.arange(0, z.size(-1), rate, dtype=torch.float32)
    alphas = steps % 1.0
    first = z[..., :1].angle()
    z = torch.view_as_complex(F.pad(torch.view_as_real(z), [0, 0, 0, 2]).contiguous())
    z0, z1 = z.index_select(-1, steps.long()), z.index_select(-1, (steps + 1).long())
    phase = z1.angle() - z0.angle() - advance
    phase = phase - 2 * math.pi * torch.round(phase / (2 * math.pi)) + advance
    phase = torch.cumsum(torch.cat([first, phase[..., :-1]], -1), -1)
    return torch.polar(alphas * z1.abs() + (1 - alphas) * z0.abs(), phase)


advance = torch.linspace(0, math.pi * 32, 33)[..., None]
put("stretch", torch.view_as_real(vocoder(stretch, 1.3, advance)))

torch.manual_seed(7)
expected["masks"] = []
for shape, param, axis in [((2, 8, 10), 5, 1), ((2, 8, 10), 7, 2), ((3, 2, 8, 10), 6, 2), ((3, 2, 8, 10), 4, 3)]:
    x = torch.ones(shape)
    size = shape[axis]
    if len(shape) == 3:
        value = torch.rand(1) * param
        start = (torch.rand(1) * (size - value)).long()
        at = torch.arange(size)
        mask = (at >= start) & (at < start + value.long())
        x = x.masked_fill(mask.unsqueeze(-1) if axis == 1 else mask, 0)
    else:
        value = torch.rand(shape[:2]) * param
        start = (torch.rand(shape[:2]) * (size - value)).long()[..., None, None]
        at = torch.arange(size)
        x = x.transpose(axis, -1).masked_fill((at >= start) & (at < start + value.long()[..., None, None]), 0).transpose(axis, -1)
    expected["masks"].append([param, axis - len(shape), x.int().tolist()])


def text(data):
    return base64.b64encode(data).decode()


def scipy_file(rate, data):
    out = io.BytesIO()
    scipy.io.wavfile.write(out, rate, data)
    return out.getvalue()


def python_file(width, data):
    out = io.BytesIO()
    with wave.open(out, "wb") as f:
        f.setnchannels(2)
        f.setsampwidth(width)
        f.setframerate(22050)
        f.writeframes(data)
    return out.getvalue()


rng = np.random.default_rng(0)
files = {}
for dtype in ["uint8", "int16", "int32", "float32", "float64"]:
    values = rng.uniform(-1, 1, (9, 2)).astype(dtype) if dtype.startswith("f") else rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, (9, 2), dtype=dtype, endpoint=True)
    files[dtype] = [text(scipy_file(11025, values)), values.T.astype(float).tolist()]
raw = rng.integers(0, 256, 54, dtype=np.uint8).tobytes()
files["int24"] = [text(python_file(3, raw)), [[int.from_bytes(raw[6 * i + 3 * c : 6 * i + 3 * c + 3], "little", signed=True) for i in range(9)] for c in range(2)]]
expected["files"] = files
every = np.arange(-32768, 32768, 7, dtype=np.int16)
codes = bytes(range(256))
expected["laws"] = {
    "muEncode": text(audioop.lin2ulaw(every.tobytes(), 2)),
    "aEncode": text(audioop.lin2alaw(every.tobytes(), 2)),
    "muDecode": np.frombuffer(audioop.ulaw2lin(codes, 2), np.int16).tolist(),
    "aDecode": np.frombuffer(audioop.alaw2lin(codes, 2), np.int16).tolist(),
}

with gzip.GzipFile(Path(__file__).with_name("expected.json.gz"), "wb", mtime=0) as f:
    f.write(json.dumps(expected).encode())
