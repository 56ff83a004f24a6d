/** A small GPT, as nanoGPT has it. */

import type { Tensor } from "kindling";
import * as torch from "kindling";

const { nn } = torch;
const F = nn.functional;

interface GptConfig {
  blockSize: number;
  vocabSize: number;
  nLayer: number;
  nHead: number;
  nEmbd: number;
  dropout?: number;
}

class CausalSelfAttention extends nn.Module {
  cAttn: torch.nn.Linear;
  cProj: torch.nn.Linear;
  attnDropout: torch.nn.Dropout;
  nHead: number;
  nEmbd: number;
  declare bias: Tensor;

  constructor(config: GptConfig) {
    super();
    this.cAttn = new nn.Linear(config.nEmbd, 3 * config.nEmbd);
    this.cProj = new nn.Linear(config.nEmbd, config.nEmbd);
    this.attnDropout = new nn.Dropout(config.dropout ?? 0);
    this.nHead = config.nHead;
    this.nEmbd = config.nEmbd;
    const ones = torch.ones(config.blockSize, config.blockSize);
    this.registerBuffer("bias", torch.tril(ones).view(1, 1, config.blockSize, config.blockSize));
  }

  forward(x: Tensor): Tensor {
    const [B, T, C] = x.size();
    const [q, k, v] = this.cAttn(x).split(this.nEmbd, 2);
    const heads = (y: Tensor) => y.view(B, T, this.nHead, C / this.nHead).transpose(1, 2);
    let att = heads(q)
      .matmul(heads(k).transpose(-2, -1))
      .mul(1 / Math.sqrt(k.size(-1) / this.nHead));
    att = att.maskedFill(this.bias.narrow(2, 0, T).narrow(3, 0, T).eq(0), Number.NEGATIVE_INFINITY);
    att = F.softmax(att, -1);
    att = this.attnDropout(att);
    const y = att.matmul(heads(v)).transpose(1, 2).contiguous().view(B, T, C);
    return this.cProj(y);
  }
}

class Block extends nn.Module {
  ln1: torch.nn.LayerNorm;
  attn: CausalSelfAttention;
  ln2: torch.nn.LayerNorm;
  mlp: torch.nn.Sequential;

  constructor(config: GptConfig) {
    super();
    this.ln1 = new nn.LayerNorm(config.nEmbd);
    this.attn = new CausalSelfAttention(config);
    this.ln2 = new nn.LayerNorm(config.nEmbd);
    this.mlp = new nn.Sequential(
      new nn.Linear(config.nEmbd, 4 * config.nEmbd),
      new nn.GELU(),
      new nn.Linear(4 * config.nEmbd, config.nEmbd),
      new nn.Dropout(config.dropout ?? 0),
    );
  }

  forward(x: Tensor): Tensor {
    x = x.add(this.attn(this.ln1(x)));
    return x.add(this.mlp(this.ln2(x)));
  }
}

class Gpt extends nn.Module {
  wte: torch.nn.Embedding;
  wpe: torch.nn.Embedding;
  blocks: torch.nn.ModuleList<Block>;
  lnF: torch.nn.LayerNorm;
  lmHead: torch.nn.Linear;

  constructor(readonly config: GptConfig) {
    super();
    this.wte = new nn.Embedding(config.vocabSize, config.nEmbd);
    this.wpe = new nn.Embedding(config.blockSize, config.nEmbd);
    this.blocks = new nn.ModuleList(Array.from({ length: config.nLayer }, () => new Block(config)));
    this.lnF = new nn.LayerNorm(config.nEmbd);
    this.lmHead = new nn.Linear(config.nEmbd, config.vocabSize, { bias: false });
    this.apply((module) => this.initWeights(module));
  }

  initWeights(module: torch.nn.Module) {
    if (module instanceof nn.Linear) {
      nn.init.normal_(module.weight, 0, 0.02);
      if (module.bias !== null) nn.init.zeros_(module.bias);
    } else if (module instanceof nn.Embedding) {
      nn.init.normal_(module.weight, 0, 0.02);
    }
  }

  forward(idx: Tensor, targets: Tensor | null = null): [logits: Tensor, loss: Tensor | null] {
    const [, t] = idx.size();
    const pos = torch.arange(0, t, { dtype: torch.long });
    let x = this.wte(idx).add(this.wpe(pos));
    for (const block of this.blocks) x = block(x);
    const logits = this.lmHead(this.lnF(x));
    if (targets === null) return [logits, null];
    const loss = F.crossEntropy(logits.view(-1, logits.size(-1)), targets.view(-1));
    return [logits, loss];
  }

  generate(idx: Tensor, maxNewTokens: number, temperature = 1, topK?: number): Tensor {
    for (let i = 0; i < maxNewTokens; i++) {
      const start = Math.max(0, idx.size(1) - this.config.blockSize);
      const [all] = this(idx.narrow(1, start, idx.size(1) - start));
      let logits = all.select(1, -1).div(temperature);
      if (topK !== undefined) {
        const [v] = torch.topk(logits, Math.min(topK, logits.size(-1)));
        logits = logits.maskedFill(logits.lt(v.narrow(1, v.size(1) - 1, 1)), Number.NEGATIVE_INFINITY);
      }
      const next = torch.multinomial(F.softmax(logits, -1), 1);
      idx = torch.cat([idx, next], 1);
    }
    return idx;
  }
}

export async function main() {
  torch.manualSeed(0);
  const model = new Gpt({ blockSize: 8, vocabSize: 12, nLayer: 2, nHead: 2, nEmbd: 8 });
  const decay = model.namedParameters().filter(([, p]) => p.dim() >= 2);
  const rest = model.namedParameters().filter(([, p]) => p.dim() < 2);
  const optimizer = new torch.optim.AdamW(
    [
      { params: decay.map(([, p]) => p), weightDecay: 0.1 },
      { params: rest.map(([, p]) => p), weightDecay: 0 },
    ],
    { lr: 1e-3, betas: [0.9, 0.95] },
  );
  let last = 0;
  for (let step = 0; step < 2; step++) {
    const x = torch.randint(0, 12, [2, 8]);
    const [, loss] = model(x, x);
    if (loss === null) throw new Error("there is no loss");
    optimizer.zeroGrad({ setToNone: true });
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 1);
    optimizer.step();
    last = loss.item();
  }
  model.eval();
  const text = torch.noGrad(() => model.generate(torch.zeros(1, 1, { dtype: torch.long }), 4, 1, 5));
  const tokens: number[][] = text.tolist();
  return { last, first: model.blocks[0].attn.nHead, tokens };
}
