"""
Writes tokenizers.json.gz, what the tests of tokenizers compare with: `python3 write_expected.py`, with the package `tokenizers` of Hugging Face (0.23). Small
tokenizers of each kind are trained on the lines below, and encode the others.
"""
import gzip
import json
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LINES = [
    "The quick brown fox jumps over the lazy dog.",
    "A tokenizer splits text into tokens; tokens have indices.",
    "Unbelievable! The untokenized text was tokenized again, and again.",
    "She sells sea shells by the sea shore, doesn't she?",
    "Größe und Maße: ein Café in 2021 für 3,50 €.",
    "low lower lowest newer newest widest wide new",
] * 3
TEXTS = [
    "The lowest newer tokenizer",
    "Hello, world! It doesn't matter.",
    "  leading and   inner spaces ",
    "unbelievable untokenized shells",
    "Größe: 3,50 € für den Café",
    "emoji 😀 and 日本語 text",
    "tabs\tand\nlines",
    "[CLS] special [SEP] in text",
    "",
    "x" * 120,
]


def bpe():
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.post_processor = processors.ByteLevel(trim_offsets=False)
    t.train_from_iterator(LINES, trainers.BpeTrainer(vocab_size=400, special_tokens=["<|endoftext|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return t


def wordpiece():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.train_from_iterator(LINES, trainers.WordPieceTrainer(vocab_size=200, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]))
    ids = [(name, t.token_to_id(name)) for name in ["[CLS]", "[SEP]"]]
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids)
    return t


def unigram():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.NFKC()
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.decoder = decoders.Metaspace()
    t.train_from_iterator(LINES, trainers.UnigramTrainer(vocab_size=150, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>"))
    return t


expected = {}
for name, make in [("bpe", bpe), ("wordpiece", wordpiece), ("unigram", unigram)]:
    t = make()
    rows = []
    for text in TEXTS:
        e = t.encode(text)
        rows.append([text, e.ids, e.tokens, e.type_ids, e.special_tokens_mask, t.decode(e.ids), t.decode(e.ids, skip_special_tokens=False)])
    pair = t.encode(TEXTS[0], TEXTS[1])
    plain = t.encode(TEXTS[0], add_special_tokens=False)
    expected[name] = {"file": t.to_str(), "rows": rows, "pair": [pair.ids, pair.type_ids], "plain": plain.ids, "size": t.get_vocab_size()}

with gzip.GzipFile(Path(__file__).with_name("tokenizers.json.gz"), "wb", mtime=0) as f:
    f.write(json.dumps(expected).encode())
