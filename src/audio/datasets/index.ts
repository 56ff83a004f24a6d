/** `torchaudio.datasets`. */
export { SPEECHCOMMANDS, type SpeechCommandsParameters, type SpeechCommandsSet } from "./speechCommands";
export { YESNO, type YesNoParameters, type YesNoSet } from "./yesno";
