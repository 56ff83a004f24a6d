/** `torch.fft`: the transforms whose input and result can be real, and what belongs to them. */
export { fft, fft2, fftn, ifft, ifft2, ifftn, ihfft, rfft, rfft2, rfftn } from "../ops/absent";
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
} from "../ops/spectral/fourier";
