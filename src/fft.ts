/** `torch.fft`: the transforms whose input and result can be real, and what belongs to them. */
export {
  fftfreq,
  fftshift,
  hfft,
  hfft2,
  hfftn,
  ifftshift,
  irfft,
  irfft2,
  irfftn,
  rfftfreq,
} from "./ops/fourier";
