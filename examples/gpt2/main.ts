/** `npm run example -- gpt2`: GPT-2 as Hugging Face has it, from the first step to an adapted model. */
import { mkdirSync } from "node:fs";
import * as torch from "kindling";
import { Corpus } from "../shared/corpus";
import { integer, main, positive, text, type Values } from "../shared/program";

const { nn, optim } = torch;
const F = nn.functional;

const about = `Trains a small GPT-2 on a text, saves it in Hugging Face's layout, reads it again, lets it write with
its cache of keys and values, and adapts it by LoRA to the same text in capital letters.

  npm run example -- gpt2                     on the documentation of this project
  npm run example -- gpt2 --text FILE         on a text of yours`;

const flags = {
  text: text(undefined, "FILE", "the text to learn from"),
  epochs: integer(1, "passes over the text, and over the capital letters"),
  batchSize: integer(8, "stretches of text per step"),
  context: integer(64, "tokens that the model sees at once"),
  layers: integer(2, "transformer blocks"),
  width: integer(64, "features per token, of four heads"),
  lr: positive(0.003, "learning rate"),
  rank: integer(4, "rank of the matrices that LoRA adds"),
  out: text("runs/gpt2", "DIR", "where the model is written"),
  prompt: text("# ", "TEXT", "what the sample begins with"),
  sample: integer(200, "tokens of the sample"),
  seed: integer(0, "seed of initialization and sampling", 0),
};

type Options = Values<typeof flags>;
type Language = InstanceType<Awaited<ReturnType<typeof torch.hub.huggingFace>>["GPT2LMHeadModel"]>;

/** Trains on stretches from random places of the text. @returns The loss of the last step. */
function train(model: Language, data: torch.Tensor, { epochs, batchSize, context, lr }: Options): number {
  const parameters = [...model.parameters()].filter((p) => p.requiresGrad);
  const optimizer = new optim.AdamW(parameters, { lr });
  const steps = epochs * Math.ceil(data.numel() / (batchSize * context));
  model.train();
  let last = Number.NaN;
  for (let step = 0; step < steps; step++)
    last = torch.tidy(() => {
      const places = torch.randint(data.numel() - context, [batchSize, 1]).add(torch.arange(context));
      const { logits } = model(data.take(places));
      const loss = F.crossEntropy(logits.flatten(0, 1), data.take(places.add(1)).flatten());
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  model.eval();
  return last;
}

/** Writes token by token, with the cache. */
async function write(model: Language, corpus: Corpus, { prompt, sample, context }: Options): Promise<string> {
  const start = corpus.encode(prompt);
  const written = start.tolist() as number[];
  const room = Math.min(sample, context - written.length);
  for await (const [token] of model.stream(start.unsqueeze(0), { maxNewTokens: room, doSample: true, topK: 10 }))
    written.push(token!);
  return corpus.decode(written);
}

/** The weights of the whole model, and those that LoRA trains. */
const counts = (model: Language): [all: number, trained: number] => {
  const parameters = [...model.parameters()];
  const sum = (list: readonly torch.Tensor[]) => list.reduce((n, p) => n + p.numel(), 0);
  return [sum(parameters), sum(parameters.filter((p) => p.requiresGrad))];
};

main(about, flags, async (options) => {
  torch.manualSeed(options.seed);
  const corpus = Corpus.read(options.text, options.context + 2);
  const { GPT2LMHeadModel } = await torch.hub.huggingFace();
  const model = new GPT2LMHeadModel({
    vocabSize: corpus.vocabulary.length,
    nPositions: options.context,
    nEmbd: options.width,
    nLayer: options.layers,
    nHead: 4,
    eosTokenId: null,
  });
  console.log(
    `GPT-2 of ${counts(model)[0].toLocaleString("en")} parameters, loss ${train(model, corpus.data, options).toFixed(3)}`,
  );

  mkdirSync(options.out, { recursive: true });
  await torch.hub.savePretrained(model, options.out);
  const copy: Language = await torch.hub.fromPretrained(options.out);
  console.log(`written to ${options.out}, and read again:\n\n${await write(copy, corpus, options)}\n`);

  const capitals = torch.tensor(
    corpus
      .decode(corpus.data.tolist() as number[])
      .toUpperCase()
      .split("")
      .flatMap((c) => {
        const index = corpus.vocabulary.indexOf(c);
        return index < 0 ? [] : [index];
      }),
    { dtype: torch.int64 },
  );
  nn.utils.lora.applyLora(copy, {
    r: options.rank,
    alpha: 2 * options.rank,
    targetModules: ["c_attn", "c_proj", "c_fc"],
  });
  const [all, trained] = counts(copy);
  const loss = train(copy, capitals, options);
  console.log(
    `LoRA trains ${trained.toLocaleString("en")} of ${all.toLocaleString("en")} parameters, loss ${loss.toFixed(3)}`,
  );
  nn.utils.lora.mergeLora(copy);
  console.log(`\n${await write(copy, corpus, options)}`);
});
