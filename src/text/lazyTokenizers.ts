/** The tokenizers of Hugging Face, loaded when the first tokenizer.json is read. */
export { Tokenizer } from "@huggingface/tokenizers";
