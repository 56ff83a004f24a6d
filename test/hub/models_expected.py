"""Writes models.json: what small models compute, by numpy alone, from the papers. Weights are sines, which both sides can work out."""
import json, math
from pathlib import Path
import numpy as np


class Weights:
    """Weights by name: the n-th name asked for holds sin(0.7 i + 1.3 n), scaled."""
    def __init__(self): self.names = []
    def __call__(self, name, *shape, scale=0.3, shift=0.0):
        n = len(self.names)
        self.names.append([name, list(shape), scale, shift])
        return (np.sin(0.7 * np.arange(math.prod(shape)) + 1.3 * n) * scale + shift).astype(np.float32).astype(np.float64).reshape(shape)

def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True)); return e / e.sum(-1, keepdims=True)
def norm(x, g, b, eps): return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * g + b
def rms(x, g, eps): return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * g
def gelu(x): return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
def gelu_new(x): return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))
def attend(q, k, v, causal):
    """One head of one text: [L, E]."""
    s = q @ k.T / math.sqrt(q.shape[-1])
    if causal: s = np.where(np.tri(len(q), dtype=bool), s, -np.inf)
    return softmax(s) @ v
def heads(q, k, v, n, causal):
    e = q.shape[-1] // n
    share = n // (k.shape[-1] // e)
    cut = lambda x, h: x[:, h * e:(h + 1) * e]
    return np.concatenate([attend(cut(q, h), cut(k, h // share), cut(v, h // share), causal) for h in range(n)], -1)

D, V, L = 8, 11, 2
ids = [3, 1, 4, 1, 5]

def gpt2():
    w = Weights(); t = "transformer."
    wte, wpe = w(t + "wte.weight", V, D), w(t + "wpe.weight", 16, D)
    x = wte[ids] + wpe[:len(ids)]
    for i in range(L):
        p = f"{t}h.{i}."
        ln = lambda name: (w(p + name + ".weight", D, shift=1.0), w(p + name + ".bias", D))
        g, b = ln("ln_1")
        # Conv1D: [inputs, outputs].
        qkv = norm(x, g, b, 1e-5) @ w(p + "attn.c_attn.weight", D, 3 * D) + w(p + "attn.c_attn.bias", 3 * D)
        y = heads(*np.split(qkv, 3, -1), 2, True)
        x = x + y @ w(p + "attn.c_proj.weight", D, D) + w(p + "attn.c_proj.bias", D)
        g, b = ln("ln_2")
        y = gelu_new(norm(x, g, b, 1e-5) @ w(p + "mlp.c_fc.weight", D, 4 * D) + w(p + "mlp.c_fc.bias", 4 * D))
        x = x + y @ w(p + "mlp.c_proj.weight", 4 * D, D) + w(p + "mlp.c_proj.bias", D)
    x = norm(x, w(t + "ln_f.weight", D, shift=1.0), w(t + "ln_f.bias", D), 1e-5)
    config = dict(model_type="gpt2", architectures=["GPT2LMHeadModel"], vocab_size=V, n_positions=16, n_embd=D, n_layer=L, n_head=2)
    return dict(config=config, weights=w.names, output=(x @ wte.T).tolist())

def bert():
    w = Weights(); t = "bert.embeddings."
    words = w(t + "word_embeddings.weight", V, D)
    x = words[ids] + w(t + "position_embeddings.weight", 16, D)[:5] + w(t + "token_type_embeddings.weight", 2, D)[[0, 0, 0, 1, 1]]
    ln = lambda p, x: norm(x, w(p + "LayerNorm.weight", D, shift=1.0), w(p + "LayerNorm.bias", D), 1e-12)
    dense = lambda p, x, n: x @ w(p + ".weight", n, x.shape[-1]).T + w(p + ".bias", n)
    x = ln(t, x)
    for i in range(L):
        p = f"bert.encoder.layer.{i}."
        q, k, v = [dense(p + "attention.self." + name, x, D) for name in ("query", "key", "value")]
        # The last token is padding.
        y = np.concatenate([softmax(q[:, h:h+4] @ k[:4, h:h+4].T / 2) @ v[:4, h:h+4] for h in (0, 4)], -1)
        x = ln(p + "attention.output.", dense(p + "attention.output.dense", y, D) + x)
        y = dense(p + "output.dense", gelu(dense(p + "intermediate.dense", x, 12)), D)
        x = ln(p + "output.", y + x)
    y = ln("cls.predictions.transform.", gelu(dense("cls.predictions.transform.dense", x, D)))
    out = y @ words.T + w("cls.predictions.bias", V)
    config = dict(model_type="bert", architectures=["BertForMaskedLM"], vocab_size=V, hidden_size=D, num_hidden_layers=L,
                  num_attention_heads=2, intermediate_size=12, max_position_embeddings=16)
    return dict(config=config, weights=w.names, output=out[:4].tolist())

def llama():
    w = Weights(); e = 2
    x = w("model.embed_tokens.weight", V, D)[ids]
    def turn(y):
        """Pairs half a head apart, as complex numbers."""
        out = np.empty_like(y)
        for h in range(0, y.shape[-1], e):
            for j in range(e // 2):
                z = (y[:, h + j] + 1j * y[:, h + j + e // 2]) * np.exp(1j * np.arange(len(y)) * 10000.0 ** (-2 * j / e))
                out[:, h + j], out[:, h + j + e // 2] = z.real, z.imag
        return out
    lin = lambda name, x, n: x @ w(name + ".weight", n, x.shape[-1]).T
    for i in range(L):
        p = f"model.layers.{i}."
        y = rms(x, w(p + "input_layernorm.weight", D, shift=1.0), 1e-6)
        q, k, v = lin(p + "self_attn.q_proj", y, D), lin(p + "self_attn.k_proj", y, D // 2), lin(p + "self_attn.v_proj", y, D // 2)
        x = x + lin(p + "self_attn.o_proj", heads(turn(q), turn(k), v, D // e, True), D)
        y = rms(x, w(p + "post_attention_layernorm.weight", D, shift=1.0), 1e-6)
        gate = lin(p + "mlp.gate_proj", y, 12)
        x = x + lin(p + "mlp.down_proj", gate / (1 + np.exp(-gate)) * lin(p + "mlp.up_proj", y, 12), D)
    out = lin("lm_head", rms(x, w("model.norm.weight", D, shift=1.0), 1e-6), V)
    config = dict(model_type="llama", architectures=["LlamaForCausalLM"], vocab_size=V, hidden_size=D, intermediate_size=12,
                  num_hidden_layers=L, num_attention_heads=D // e, num_key_value_heads=2, max_position_embeddings=16)
    return dict(config=config, weights=w.names, output=out.tolist())

Path(__file__).with_name("models.json").write_text(json.dumps(dict(ids=ids, gpt2=gpt2(), bert=bert(), llama=llama())) + "\n")
