/** Sequences: an LSTM tagger, a packed batch, a hand-written cell. */
import * as torch from "kindling";

const { nn, optim } = torch;
const F = nn.functional;

class LSTMTagger extends nn.Module {
  wordEmbeddings: torch.nn.Embedding;
  lstm: torch.nn.LSTM;
  hidden2tag: torch.nn.Linear;

  constructor(embeddingDim: number, hiddenDim: number, vocabSize: number, tagsetSize: number) {
    super();
    this.wordEmbeddings = new nn.Embedding(vocabSize, embeddingDim);
    this.lstm = new nn.LSTM(embeddingDim, hiddenDim, { numLayers: 2 });
    this.hidden2tag = new nn.Linear(hiddenDim, tagsetSize);
  }

  forward(sentence: torch.Tensor) {
    const embeds = this.wordEmbeddings(sentence);
    const [lstmOut] = this.lstm(embeds.view(sentence.length, 1, -1));
    const tagSpace = this.hidden2tag(lstmOut.view(sentence.length, -1));
    return F.logSoftmax(tagSpace, 1);
  }
}

class Rnn extends nn.Module {
  i2h: torch.nn.Linear;
  h2o: torch.nn.Linear;

  constructor(
    inputSize: number,
    readonly hiddenSize: number,
    outputSize: number,
  ) {
    super();
    this.i2h = new nn.Linear(inputSize + hiddenSize, hiddenSize);
    this.h2o = new nn.Linear(hiddenSize, outputSize);
  }

  forward(input: torch.Tensor, hidden: torch.Tensor): [output: torch.Tensor, hidden: torch.Tensor] {
    const combined = torch.cat([input, hidden], 1);
    hidden = torch.tanh(this.i2h(combined));
    return [F.logSoftmax(this.h2o(hidden), 1), hidden];
  }

  initHidden() {
    return torch.zeros(1, this.hiddenSize);
  }
}

export async function main() {
  torch.manualSeed(1);
  const wordToIx: Record<string, number> = {};
  const sentence = "the dog ate the apple".split(" ");
  for (const word of sentence) if (!(word in wordToIx)) wordToIx[word] = Object.keys(wordToIx).length;
  const indices = torch.tensor(
    sentence.map((word) => wordToIx[word] ?? 0),
    { dtype: torch.long },
  );
  const tags = torch.tensor([0, 1, 2, 0, 1], { dtype: torch.int64 });
  const model = new LSTMTagger(4, 6, Object.keys(wordToIx).length, 3);
  const lossFunction = new nn.NLLLoss();
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.1 });
  let loss = torch.zeros([]);
  for (let epoch = 0; epoch < 3; epoch++) {
    model.zeroGrad();
    loss = lossFunction(model(indices), tags);
    loss.backward();
    optimizer.step();
  }

  const lstm = new nn.LSTM(3, 3);
  const inputs = Array.from({ length: 5 }, () => torch.randn(1, 3));
  let hidden: [torch.Tensor, torch.Tensor] = [torch.randn(1, 1, 3), torch.randn(1, 1, 3)];
  for (const i of inputs) {
    const [, [h, c]] = lstm(i.view(1, 1, -1), hidden);
    hidden = [h, c];
  }
  const [out, [hn, cn]] = lstm(torch.cat(inputs).view(inputs.length, 1, -1), hidden);

  const padded = nn.utils.rnn.padSequence([torch.ones(3, 3), torch.ones(2, 3)]);
  const packed = nn.utils.rnn.packPaddedSequence(padded, [3, 2]);
  const [packedOut] = lstm(packed);
  const [unpacked, lengths] = nn.utils.rnn.padPackedSequence(packedOut);

  const rnn = new Rnn(4, 5, 2);
  let state = rnn.initHidden();
  let output = torch.zeros(1, 2);
  for (const row of torch.eye(4)) [output, state] = rnn(row.unsqueeze(0), state);
  const [topValue, topIndex] = output.topk(1);
  const guess = topIndex.at(0).item();
  return {
    loss: loss.item(),
    shapes: [out.shape, hn.size(), cn.shape, unpacked.shape],
    lengths: lengths.tolist<number[]>(),
    guess,
    score: topValue.at(0, 0).item(),
  };
}
