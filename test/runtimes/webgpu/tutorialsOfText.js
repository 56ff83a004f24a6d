/** PyTorch's tutorials of text, as programs like those of `tutorials.js`. */
import { losses } from "./losses.js";

/** @returns {Record<string, (device: string) => Promise<number[]>>} */
export const programsOf = (torch) => {
  const { nn, optim } = torch;
  const F = nn.functional;

  /** "NLP from scratch: classifying names with a character-level RNN", with updates by hand. */
  function characterRnn(device) {
    class RNN extends nn.Module {
      i2h = new nn.Linear(12 + 16, 16);
      i2o = new nn.Linear(12 + 16, 4);
      softmax = new nn.LogSoftmax(1);
      forward(input, hidden) {
        const combined = torch.cat([input, hidden], 1);
        return [this.softmax(this.i2o(combined)), this.i2h(combined)];
      }
    }
    const rnn = new RNN().to(device);
    const criterion = new nn.NLLLoss();
    const line = F.oneHot(torch.randint(0, 12, [6, 1]), 12)
      .float()
      .to(device);
    const category = torch.tensor([2], { dtype: torch.int64 }).to(device);
    return losses(6, () => {
      let hidden = torch.zeros(1, 16, { device });
      let output;
      rnn.zeroGrad();
      for (let i = 0; i < line.size(0); i++) [output, hidden] = rnn(line.at(i), hidden);
      const loss = criterion(output, category);
      loss.backward();
      for (const p of rnn.parameters()) p.data.add_(p.grad.data, { alpha: -0.05 });
      return loss;
    });
  }

  /** "Translation with a sequence to sequence network and attention", fed with the right words. */
  function translation(device) {
    const [words, size] = [14, 12];
    class Encoder extends nn.Module {
      embedding = new nn.Embedding(words, size);
      gru = new nn.GRU(size, size, { batchFirst: true });
      forward(input) {
        return this.gru(this.embedding(input));
      }
    }
    class Decoder extends nn.Module {
      embedding = new nn.Embedding(words, size);
      wa = new nn.Linear(size, size);
      ua = new nn.Linear(size, size);
      va = new nn.Linear(size, 1);
      gru = new nn.GRU(2 * size, size, { batchFirst: true });
      out = new nn.Linear(size, words);
      forward(encoded, hidden, target) {
        const outputs = [];
        let input = torch.zeros(target.size(0), 1, { dtype: torch.int64, device });
        for (let i = 0; i < target.size(1); i++) {
          const query = hidden.permute(1, 0, 2);
          const scores = this.va(torch.tanh(this.wa(query).add(this.ua(encoded)))).permute(0, 2, 1);
          const context = torch.bmm(F.softmax(scores, -1), encoded);
          let output;
          [output, hidden] = this.gru(torch.cat([this.embedding(input), context], 2), hidden);
          outputs.push(this.out(output));
          input = target.at(":", i).unsqueeze(1);
        }
        return F.logSoftmax(torch.cat(outputs, 1), -1);
      }
    }
    const [encoder, decoder] = [new Encoder().to(device), new Decoder().to(device)];
    const adam = (net) => new optim.Adam(net.parameters(), { lr: 0.01 });
    const optimizers = [adam(encoder), adam(decoder)];
    const criterion = new nn.NLLLoss();
    const [input, target] = [0, 0].map(() => torch.randint(0, words, [4, 5]).to(device));
    return losses(5, () => {
      for (const optimizer of optimizers) optimizer.zeroGrad();
      const [encoded, hidden] = encoder(input);
      const output = decoder(encoded, hidden, target);
      const loss = criterion(output.view(-1, words), target.view(-1));
      loss.backward();
      for (const optimizer of optimizers) optimizer.step();
      return loss;
    });
  }

  /** "Language modeling with nn.Transformer": clipped gradients, a schedule, and no dropout, which draws on the device. */
  function transformer(device) {
    const [words, size, length] = [20, 16, 8];
    class Model extends nn.Module {
      embedding = new nn.Embedding(words, size);
      encoder = new nn.TransformerEncoder(new nn.TransformerEncoderLayer(size, 2, 32, { dropout: 0 }), 2);
      decoder = new nn.Linear(size, words);
      constructor() {
        super();
        const position = torch.arange(length).unsqueeze(1);
        const rate = torch.exp(torch.arange(0, size, 2).mul(-Math.log(1e4) / size));
        const pe = torch.stack([torch.sin(position.mul(rate)), torch.cos(position.mul(rate))], 2);
        this.registerBuffer("pe", pe.reshape(length, 1, size));
      }
      forward(src, mask) {
        const x = this.embedding(src).mul(Math.sqrt(size)).add(this.pe);
        return this.decoder(this.encoder(x, mask));
      }
    }
    const model = new Model().to(device);
    const mask = torch.triu(torch.ones(length, length).mul(Number.NEGATIVE_INFINITY), 1).to(device);
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.5 });
    const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 1, gamma: 0.95 });
    const text = torch.randint(0, words, [length + 1, 4]).to(device);
    const [data, targets] = [text.at(`:${length}`), text.at("1:").reshape(-1)];
    return losses(5, () => {
      const loss = F.crossEntropy(model(data, mask).view(-1, words), targets);
      optimizer.zeroGrad();
      loss.backward();
      nn.utils.clipGradNorm_(model.parameters(), 0.5);
      optimizer.step();
      scheduler.step();
      return loss;
    });
  }

  return { characterRnn, translation, transformer };
};
