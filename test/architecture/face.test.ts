/** The public face: every export and every method has PyTorch's name in camelCase, or stands here with its reason. */
import { expect, test } from "vitest";
import { ownNames } from "./face";

const paths = (space: string, names: string): string[] => names.split(" ").map((name) => `${space}.${name}`);

/** Names that PyTorch 1.13's documentation does not list, by the reason to have them. */
const own: Readonly<Record<string, readonly string[]>> = {
  "errors are classes of their own": (
    "KindlingError ShapeError DTypeError DeviceError IndexError ValueError ArgumentError AutogradError DisposedError OutOfMemoryError FormatError " +
    "WorkerError StateError linalg.LinAlgError"
  ).split(" "),
  "memory that no collector of the language counts": ["tidy", "nextTurn", "memoryStats", "Tensor.dispose"],
  "torchinfo's and torchviz's": paths("utils", "makeDot summary"),
  "a profile in the program's hands": ["profiler.Profile"],
  "what the machine gives": ["doctor", "simdLevel", "backends.conv", "backends.wasm", "backends.webgpu"],
  "pictures and charts where a program runs, for matplotlib's": paths("vision.utils", "History imshow"),
  "Python's indexing": ["at", "setAt", "slice", ...paths("Tensor", "at setAt slice length")],
  "Python's operators and protocols": ["Tensor.constructor", "Tensor.toString", "nn.deepcopy"],
  "torch.cuda's names for the GPU that there is": paths(
    "webgpu",
    "emptyCache getDeviceName init isAvailable isInitialized maxMemoryAllocated memoryAllocated memoryReserved memoryStats synchronize",
  ),
  "what a GPU was given to do, which no profiler of a browser tells": ["webgpu.counts"],
  "torch.amp's, which the list of names does not have": paths("amp", "GradScaler autocast"),
  "a GPU that was lost": ["webgpu.restore"],
  "values of a device that cannot be read at once": paths("Tensor", "itemAsync tolistAsync"),
  "numpy's arrays": ["Tensor.toTypedArray"],
  "numpy's files, by its names": paths("numpy", "load save savez savezCompressed"),
  "the bytes of a file of arrays, where there are no files": ["numpy.encode"],
  "JSON.stringify asks for it": ["Tensor.toJSON"],
  "PyTorch's torch.distributed, which the list of names does not have": [
    ...paths(
      "distributed",
      "DistBackendError RankLostError P2POp ReduceOp allGather allGatherIntoTensor allGatherObject allReduce allToAll",
    ),
    ...paths(
      "distributed",
      "allToAllSingle barrier batchIsendIrecv broadcast broadcastObjectList destroyProcessGroup gather",
    ),
    ...paths(
      "distributed",
      "gatherObject getBackend getGlobalRank getGroupRank getProcessGroupRanks getRank getWorldSize",
    ),
    ...paths(
      "distributed",
      "initProcessGroup irecv isAvailable isInitialized isMpiAvailable isend monitoredBarrier newGroup",
    ),
    ...paths("distributed", "recv reduce reduceScatter reduceScatterTensor scatter scatterObjectList send shrinkGroup"),
    ...paths(
      "distributed.algorithms.ddpCommHooks",
      "allreduceHook bf16CompressHook bf16CompressWrapper fp16CompressHook",
    ),
    ...paths(
      "distributed.algorithms.ddpCommHooks",
      "fp16CompressWrapper powerSGDHook batchedPowerSGDHook PowerSGDState",
    ),
    "distributed.optim.ZeroRedundancyOptimizer",
    "nn.parallel.DistributedDataParallel",
  ],
  "PyTorch 2's": ["compile", ...paths("compiler", "disable explain isCompiling reset")],
  "PyTorch's torch.quantization, which the list of names does not have": [
    ...["QuantizedTensor", "quantizePerChannel", "quantizePerTensor", "quantizePerTensorDynamic"],
    ...["quantization", "ao.quantization"].flatMap((space) => [
      ...paths(
        space,
        "DeQuantStub HistogramObserver MinMaxObserver MovingAverageMinMaxObserver MovingAveragePerChannelMinMaxObserver",
      ),
      ...paths(space, "ObserverBase PerChannelMinMaxObserver PlaceholderObserver QConfig QuantStub QuantWrapper"),
      ...paths(space, "UniformQuantizationObserverBase convert defaultDynamicQconfig defaultDynamicQuantObserver"),
      ...paths(space, "defaultHistogramObserver defaultObserver defaultPerChannelQconfig"),
      ...paths(space, "defaultPerChannelWeightObserver defaultQconfig defaultWeightObserver float16DynamicQconfig"),
      ...paths(space, "fuseModules getDefaultQconfig perChannelDynamicQconfig prepare quantizeDynamic"),
    ]),
    ...paths("ao.nn.quantized", "Conv1d Conv2d DeQuantize FloatFunctional Linear QFunctional Quantize"),
    ...paths("ao.nn.quantized.dynamic", "Linear LinearHalf"),
    ...paths("ao.nn.intrinsic", "BNReLU2d ConvReLU1d ConvReLU2d FusedModule LinearReLU"),
    ...paths("ao.nn.intrinsic.quantized", "ConvReLU1d ConvReLU2d LinearReLU"),
  ],
  "samples dealt out to ranks and workers, for which PyTorch has a recipe": ["utils.data.ShardedDataset"],
  "PyTorch's, without documentation": [
    ...paths("Tensor", "_base _version registerPostAccumulateGradHook"),
    ...paths("autograd", "FunctionCtx AccumulateGrad Node RemovableHandle detectAnomaly grad gradcheck gradgradcheck"),
    ...paths("autograd", "isAnomalyCheckNanEnabled isAnomalyEnabled onceDifferentiable setDetectAnomaly"),
    ...paths("autograd.graph", "AccumulateGrad Node disableSavedTensorsHooks getGradientEdge incrementVersion"),
    ...paths("autograd.graph", "registerMultiGradHook savedTensorsHooks"),
    ...paths("nn", "IncompatibleKeys NonDynamicallyQuantizableLinear"),
    ...paths("nn", "registerModuleForwardHook registerModuleForwardPreHook"),
    ...paths("nn", "registerModuleFullBackwardHook registerModuleFullBackwardPreHook"),
    ...paths("nn.functional", "_scaledDotProductAttention"),
    ...paths("nn.utils.parametrizations", "Orthogonal SpectralNorm"),
    "utils.tensorboard.SummaryWriter",
    ...paths("optim.lrScheduler", "LRScheduler"),
    ...paths("vision.models", "BasicBlock Bottleneck Encoder EncoderBlock Fire InvertedResidual MLPBlock"),
    ...paths(
      "vision.models",
      "BlockConfig BlockParams CNBlockConfig FusedMBConvConfig InvertedResidualConfig MBConvConfig",
    ),
    ...paths("vision.ops", "ConvNormActivation ExtraFPNBlock LastLevelMaxPool LastLevelP6P7"),
    ...paths("vision.models", "PatchMerging PatchMergingV2 SwinTransformerBlock SwinTransformerBlockV2 Weights"),
    ...paths("vision.models", "ImageClassification SemanticSegmentation"),
    ...paths("vision.models.segmentation", "DeepLabV3 FCN LRASPP deeplabv3MobilenetV3Large deeplabv3Resnet101"),
    ...paths("vision.models.segmentation", "deeplabv3Resnet50 fcnResnet101 fcnResnet50 lrasppMobilenetV3Large"),
    ...paths("vision.models.segmentation", "DeepLabV3MobileNetV3LargeWeights DeepLabV3ResNet101Weights"),
    ...paths("vision.models.segmentation", "DeepLabV3ResNet50Weights FCNResNet101Weights FCNResNet50Weights"),
    ...paths("vision.models.segmentation", "LRASPPMobileNetV3LargeWeights"),
    "forkRng",
    ...paths(
      "vision.datasets.utils",
      "calculateMd5 checkIntegrity downloadAndExtractArchive downloadUrl extractArchive",
    ),
    "vision.datasets.defaultLoader",
  ],
  "Hugging Face's layout and peft's matrices, which PyTorch leaves to other packages": [
    ...paths("hub", "fromPretrained huggingFace savePretrained"),
    ...paths(
      "nn.utils.lora",
      "LoraLayer applyLora loadLoraStateDict loraStateDict markOnlyLoraAsTrainable mergeAndUnload",
    ),
    ...paths("nn.utils.lora", "mergeLora unmergeLora"),
  ],
  "PyTorch's from later versions": [
    ...paths("fft", "hfft2 hfftn"),
    ...paths("func", "functionalCall grad gradAndValue hessian jacfwd jacrev jvp stackModuleState vjp vmap"),
    "vmap",
    ...paths("nn", "CircularPad1d CircularPad2d CircularPad3d LPPool3d RMSNorm ZeroPad1d ZeroPad3d"),
    ...paths("nn.functional", "lpPool3d rmsNorm scaledDotProductAttention"),
    "nn.utils.fuseLinearBnEval",
    ...paths("optim", "Lion Muon"),
    ...paths("optim.swaUtils", "getEmaAvgFn getEmaMultiAvgFn getSwaAvgFn getSwaMultiAvgFn"),
    "utils.data.StackDataset",
    ...paths("vision.transforms", "CutMix MixUp"),
    ...paths(
      "vision.transforms.v2",
      "AugMix AutoAugment BoundingBoxFormat BoundingBoxes CenterCrop ClampBoundingBoxes ColorJitter",
    ),
    ...paths(
      "vision.transforms.v2",
      "Compose ConvertBoundingBoxFormat CutMix GaussianBlur Grayscale Image Mask MixUp Normalize",
    ),
    ...paths(
      "vision.transforms.v2",
      "Pad RandAugment RandomAdjustSharpness RandomAffine RandomAutocontrast RandomCrop RandomEqualize",
    ),
    ...paths(
      "vision.transforms.v2",
      "RandomErasing RandomGrayscale RandomHorizontalFlip RandomInvert RandomPosterize RandomResizedCrop",
    ),
    ...paths(
      "vision.transforms.v2",
      "RandomRotation RandomSolarize RandomVerticalFlip Resize SanitizeBoundingBoxes ToDtype ToImage",
    ),
    ...paths("vision.transforms.v2", "ToPureTensor TrivialAugmentWide"),
    ...paths(
      "vision.transforms.v2.functional",
      "affine centerCrop clampBoundingBoxes convertBoundingBoxFormat crop horizontalFlip pad resize",
    ),
    ...paths("vision.transforms.v2.functional", "resizedCrop rotate verticalFlip"),
  ],
  "in place, where PyTorch has an option": [
    ...paths("Tensor", "hardsigmoid_ hardswish_ mish_ relu6_ silu_"),
    ...paths("nn.functional", "hardsigmoid_ hardswish_ mish_ silu_"),
  ],
  "an alias of logsigmoid": ["Tensor.logSigmoid", "nn.functional.logSigmoid"],
  "base classes for one's own": ["optim.PerParameterOptimizer", "optim.lrScheduler.Scheduler"],
  "PyTorch's names in the state of one's own modules": ["nn.snakeCase"],
  "the package of this name": paths("safetensors", "load loadFile metadata safeOpen save saveFile"),
  "as onnxruntime reads its models": paths("onnx", "load"),
  "Darknet's files (YOLO), which people look for by that name; its loader's and its files' names": paths(
    "darknet",
    "load loadWeights readData readNames saveWeights",
  ),
  "runs of training that go on as if they were never interrupted": ["Checkpoint"],
  "training off the main thread of a page": ["TrainingWorker"],
  "data sets and models that come with the library": [
    ...paths("vision.datasets", "digits parseIdx"),
    "vision.Image",
    ...paths("vision.models", "LeNet lenet"),
    ...paths("vision.models", "resnext101_32x8d resnext50_32x4d squeezenet1_0 squeezenet1_1"),
    ...paths("vision.models", "wideResnet101_2 wideResnet50_2"),
    // torchvision's, with the underscores between digits that tell some of them apart.
    ...paths("vision.models", "mnasnet0_5 mnasnet0_75 mnasnet1_0 mnasnet1_3 resnext101_64x4d"),
    ...paths("vision.models", "regnetX1_6gf regnetX3_2gf regnetY1_6gf regnetY3_2gf"),
    ...paths("vision.models", "shufflenetV2X0_5 shufflenetV2X1_0 shufflenetV2X1_5 shufflenetV2X2_0"),
    ...paths("vision.models", "MNASNet0_5Weights MNASNet0_75Weights MNASNet1_0Weights MNASNet1_3Weights"),
    ...paths("vision.models", "RegNetX1_6GFWeights RegNetX3_2GFWeights RegNetY1_6GFWeights RegNetY3_2GFWeights"),
    ...paths("vision.models", "ResNeXt101_32X8DWeights ResNeXt101_64X4DWeights ResNeXt50_32X4DWeights"),
    ...paths("vision.models", "ShuffleNetV2X0_5Weights ShuffleNetV2X1_0Weights ShuffleNetV2X1_5Weights"),
    ...paths("vision.models", "ShuffleNetV2X2_0Weights SqueezeNet1_0Weights SqueezeNet1_1Weights"),
    ...paths("vision.models", "WideResNet101_2Weights WideResNet50_2Weights"),
  ],
  "torchtext's": [
    ...paths("text.data", "getTokenizer ngramsIterator"),
    ...paths("text.data.utils", "getTokenizer ngramsIterator"),
    ...paths("text.datasets", "AG_NEWS AmazonReviewFull AmazonReviewPolarity DBpedia IMDB SogouNews"),
    ...paths("text.datasets", "YahooAnswers YelpReviewFull YelpReviewPolarity"),
    ...paths("text.functional", "addToken strToInt toTensor truncate"),
    ...paths(
      "text.transforms",
      "AddToken LabelToIndex PadTransform Sequential StrToIntTransform ToTensor Truncate VocabTransform",
    ),
    ...paths("text.vocab", "FastText GloVe Vectors Vocab buildVocabFromIterator vocab"),
  ],
  "text beyond torchtext: collation of sequences, and Hugging Face's tokenizers": [
    "text.Tokenizer",
    "text.data.PadCollate",
  ],
  "torchaudio's": [
    ...paths("audio", "AudioMetaData info load save"),
    ...paths("audio.datasets", "SPEECHCOMMANDS YESNO"),
    ...paths("audio.functional", "DBToAmplitude amplitudeToDB computeDeltas createDct editDistance gain griffinlim"),
    ...paths("audio.functional", "inverseSpectrogram linearFbanks maskAlongAxis maskAlongAxisIid melscaleFbanks"),
    ...paths("audio.functional", "muLawDecoding muLawEncoding phaseVocoder resample spectrogram"),
    ...paths("audio.transforms", "AmplitudeToDB ComputeDeltas Fade FrequencyMasking GriffinLim InverseMelScale"),
    ...paths("audio.transforms", "InverseSpectrogram LFCC MFCC MelScale MelSpectrogram MuLawDecoding MuLawEncoding"),
    ...paths("audio.transforms", "Resample Spectrogram TimeMasking TimeStretch Vol"),
  ],
  "the bytes of an audio file, where there are no files": ["audio.encode"],
  "members marked as internal: they check what they are given": paths(
    "Tensor",
    "assertAlive checkAxis elements isAlive takeGrad",
  ),
};

test("every public name is PyTorch's, or is listed with its reason", () => {
  expect(ownNames()).toEqual(Object.values(own).flat().sort());
});
