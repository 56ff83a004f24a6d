/** A small GPT (Radford et al., 2018 and 2019): a transformer in which no position sees a later one. */
import * as torch from "kindling";

const { nn } = torch;
const F = nn.functional;

export interface GPTOptions {
  readonly vocabulary: number;
  /** The longest text that the model sees at once. */
  readonly context: number;
  readonly layers: number;
  readonly heads: number;
  readonly width: number;
  readonly dropout: number;
}

/** Attention to what came before. Shape: [N, L, width], unchanged. */
class CausalSelfAttention extends nn.Module {
  qkv: torch.nn.Linear;
  proj: torch.nn.Linear;
  dropout: torch.nn.Dropout;
  readonly heads: number;

  constructor({ width, heads, dropout }: GPTOptions) {
    super();
    this.heads = heads;
    this.qkv = new nn.Linear(width, 3 * width);
    this.proj = new nn.Linear(width, width);
    this.dropout = new nn.Dropout(dropout);
  }

  override forward(x: torch.Tensor): torch.Tensor {
    const [n, length, width] = x.shape;
    const toHeads = (y: torch.Tensor) => y.reshape(n, length, this.heads, width / this.heads).transpose(1, 2);
    const [q, k, v] = this.qkv(x).split(width, 2).map(toHeads) as [torch.Tensor, torch.Tensor, torch.Tensor];
    const y = F.scaledDotProductAttention(q, k, v, { isCausal: true, dropoutP: this.training ? this.dropout.p : 0 });
    return this.dropout(this.proj(y.transpose(1, 2).reshape(n, length, width)));
  }
}

/** Attention, then a perceptron, each after a normalization and with a shortcut. Shape: [N, L, width], unchanged. */
class Block extends nn.Module {
  norm1: torch.nn.LayerNorm;
  attention: CausalSelfAttention;
  norm2: torch.nn.LayerNorm;
  mlp: torch.nn.Sequential;

  constructor(options: GPTOptions) {
    super();
    const { width, dropout } = options;
    this.norm1 = new nn.LayerNorm(width);
    this.attention = new CausalSelfAttention(options);
    this.norm2 = new nn.LayerNorm(width);
    this.mlp = new nn.Sequential(
      new nn.Linear(width, 4 * width),
      new nn.GELU(),
      new nn.Linear(4 * width, width),
      new nn.Dropout(dropout),
    );
  }

  override forward(x: torch.Tensor): torch.Tensor {
    const y = x.add(this.attention(this.norm1(x)));
    return y.add(this.mlp(this.norm2(y)));
  }
}

/** Tokens in, scores of the next tokens out. Shape: [N, L] with L ≤ context → [N, L, vocabulary]. */
export class GPT extends nn.Module {
  tokens: torch.nn.Embedding;
  positions: torch.nn.Embedding;
  dropout: torch.nn.Dropout;
  blocks: torch.nn.Sequential;
  norm: torch.nn.LayerNorm;
  head: torch.nn.Linear;
  readonly context: number;

  constructor(options: GPTOptions) {
    super();
    const { vocabulary, context, layers, width, dropout } = options;
    this.context = context;
    this.tokens = new nn.Embedding(vocabulary, width);
    this.positions = new nn.Embedding(context, width);
    this.dropout = new nn.Dropout(dropout);
    this.blocks = new nn.Sequential(...Array.from({ length: layers }, () => new Block(options)));
    this.norm = new nn.LayerNorm(width);
    this.head = new nn.Linear(width, vocabulary, { bias: false });
    this.apply(initialize);
    // The same matrix reads and writes tokens (Press and Wolf, 2016).
    this.head.weight = this.tokens.weight;
  }

  override forward(input: torch.Tensor): torch.Tensor {
    const positions = this.positions(torch.arange(input.shape[1]!));
    const x = this.dropout(this.tokens(input).add(positions));
    return this.head(this.norm(this.blocks(x)));
  }
}

/** GPT-2's initial values. */
function initialize(module: torch.nn.Module): void {
  if (module instanceof nn.Linear || module instanceof nn.Embedding) nn.init.normal_(module.weight, 0, 0.02);
  if (module instanceof nn.Linear && module.bias !== null) nn.init.zeros_(module.bias);
}
