using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models.Packed;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Estimates the peak memory of a run from shapes alone. Every figure is a sum over tensors that the engine allocates;
/// there is no safety factor beside what the allocators hold besides live tensors: on the CPU a measured constant,
/// <see cref="AllocatorOverhead"/>, on a GPU an assumed share, <see cref="PoolShare"/>.
/// </summary>
public static class MemoryEstimator
{
    private const double Mebibyte = 1024 * 1024;
    private const double Single = sizeof(float);
    // Gradient and two moments.
    private const double BytesPerTrainedValue = 3 * Single;

    /// <summary>Values whose moments are moved to the device at a time, where they are in the memory of the host.</summary>
    public const int PageValues = 1 << 24;

    /// <summary>
    /// Memory of a training process on the CPU beyond live tensors and what it held before its first step, bytes: gaps in glibc's
    /// heap, oneDNN kernels for each pass size, garbage. Measured on TinyLlama's shape with 6 and 22 blocks over methods, ranks,
    /// targets, both precisions and passes of 100 to 400 tokens as the difference between peak resident set and counted bytes: 155 to
    /// 199 MiB over the first steps, with no trend in any of the factors, about 270 MiB after sixteen.
    /// </summary>
    private const double AllocatorOverhead = 170 * Mebibyte;

    // The temporaries of a toy model leave smaller gaps.
    private const double OverheadPerTemporary = 8;

    /// <summary>
    /// Segments from which libtorch's pool of GPU memory cuts requests of 1 to 10 MiB, bytes: one for tensors that stay, and one for
    /// temporaries, are partly empty (<c>kLargeBuffer</c> in PyTorch's <c>CUDACachingAllocator</c>).
    /// </summary>
    private const double PoolSegments = 2 * 20 * Mebibyte;

    /// <summary>
    /// Share of activations and temporaries that the pool keeps besides in segments that no request fits. An assumption: it depends on
    /// the order of the sizes, and has not been measured on a GPU.
    /// </summary>
    private const double PoolShare = 0.1;

    /// <summary>The estimate, without suggestions.</summary>
    public static MemoryEstimate Of(MemoryRequest request)
    {
        double weights = Weights(request);
        double adapters = request.TrainsWeights
            ? TrainedWeightsMemory.Masters(request.Config, request.Half)
            : AdaptersOf(request).Sum(adapter => Single * (adapter.Trained + adapter.Frozen))
                + (Single * AdaptersOf(request).SelectMany(adapter => adapter.Shared).GroupBy(tensor => tensor.Part)
                    .Sum(layers => layers.Max(tensor => tensor.Values)));
        double optimizer = request.TrainsWeights
            ? TrainedWeightsMemory.Optimizer(request.Config) - Paged(request, request.Config.ParameterCount)
            : AdaptersOf(request).Sum(adapter => (BytesPerTrainedValue * adapter.Trained) + (Single * adapter.State))
                - Paged(request, AdaptersOf(request).Sum(adapter => (double)adapter.Trained));
        TrainingMemory training = request.Training.Select(pass => Training(request, pass)).MaxBy(pass => pass.Peak)!;
        (PassShape largest, double evaluationPass) = request.Evaluation.Select(pass => (pass, Evaluation(request, pass)))
            .MaxBy(entry => entry.Item2);
        evaluationPass = Math.Max(evaluationPass, request.Generation is GenerationShape texts ? GenerationMemory.Of(request, texts) : 0);
        double temporaries = Math.Max(training.Block, training.Head);
        double allocator = request.Gpu
            ? PoolSegments + (PoolShare * (training.Saved + temporaries))
            : Math.Min(AllocatorOverhead, OverheadPerTemporary * temporaries);
        double baseline = weights + adapters + optimizer + request.IndexBytes + request.ProcessBytes + allocator;
        // On the CPU the activation arena stays allocated between steps.
        double evaluation = evaluationPass + (request.Gpu || PackingRule.UsesReferencePath(request.Spec) ? 0 : training.Saved);
        // It ends before the optimizer and the passes exist; so does what the CPU's heap and kernels hold besides.
        double calibration = request.Calibration is CalibrationShape rows ? CalibrationMemory.Of(request, rows) : 0;
        double preparing = calibration > 0 ? weights + adapters + request.ProcessBytes + (request.Gpu ? allocator : 0) + calibration : 0;
        double running = baseline + Math.Max(training.Peak, evaluation);
        double total = Math.Max(preparing, running);
        return new()
        {
            WeightsMb = weights / Mebibyte,
            LinearsMb = BaseMemory.Linears(request) / Mebibyte,
            BufferMb = BaseMemory.Buffer(request) / Mebibyte,
            HeadMb = BaseMemory.Others(request) / Mebibyte,
            AdaptersMb = adapters / Mebibyte,
            OptimizerMb = optimizer / Mebibyte,
            ActivationsMb = training.Saved / Mebibyte,
            BlockMb = training.Block / Mebibyte,
            LogitsMb = training.Head / Mebibyte,
            EvaluationMb = evaluationPass / Mebibyte,
            CalibrationMb = calibration / Mebibyte,
            AllocatorMb = allocator / Mebibyte,
            IndicesMb = request.IndexBytes / Mebibyte,
            ProcessMb = request.ProcessBytes / Mebibyte,
            TrainingMb = (baseline + training.Peak) / Mebibyte,
            TotalMb = total / Mebibyte,
            Peak = preparing > running ? MemoryPeak.Calibration
                : training.Peak >= evaluation ? MemoryPeak.TrainingStep : MemoryPeak.Evaluation,
            BudgetMb = request.BudgetMb,
            Fits = !(total / Mebibyte > request.BudgetMb),
            PassTokens = training.Pass.Rows,
            PassSentences = training.Pass.Sequences,
            EvaluationTokens = largest.Rows,
            PackTokens = request.Spec.PackTokens,
            Precision = request.Spec.Precision,
            BaseWeights = request.Config.Form,
            Recompute = request.Spec.Recompute,
        };
    }

    /// <summary>
    /// The request with <c>recompute</c> decided: blocks are computed again where the run does not fit its budget otherwise.
    /// </summary>
    public static MemoryRequest Fitting(MemoryRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Spec.Recompute != Recompute.Auto)
        {
            return request;
        }

        MemoryRequest plain = request with { Spec = request.Spec with { Recompute = Recompute.None } };
        MemoryRequest again = request with { Spec = request.Spec with { Recompute = Recompute.Blocks } };
        double needed = Of(plain).TotalMb;
        return needed > request.BudgetMb && !PackingRule.UsesReferencePath(request.Spec) && Of(again).TotalMb < needed ? again : plain;
    }

    // The moments that a GPU does not hold, because they are in the memory of the host but for a part.
    private static double Paged(MemoryRequest request, double trained) =>
        request is { Gpu: true, Spec.OptimizerState: OptimizerState.Host }
        ? 2 * Single * Math.Max(0, trained - PageValues)
        : 0;

    /// <summary>
    /// Bytes of all weights: matrices in the run's precision, those in four bits with their block maxima and the memory for the numbers of
    /// one, norm gains in fp32. If weights are mapped, the pages of a replaced weight count too.
    /// </summary>
    public static double Weights(MemoryRequest request)
    {
        double value = request.Half ? sizeof(short) : Single;
        double replaced = request.Config.Form != BaseWeights.AsStored ? 0 : request.Adapters.Sum(adapters => request.Config.Block.Linears
            .Where(linear => request.Mapped && adapters.TryGetValue(linear.Name, out AdapterFootprint? adapter) && adapter.ReplacesWeight)
            .Sum(linear => value * linear.Out * linear.In));
        return BaseMemory.Linears(request) + BaseMemory.Buffer(request) + BaseMemory.Others(request) + replaced;
    }

    /// <summary>Memory of the blocks of the requested model.</summary>
    public static BlocksMemory Blocks(MemoryRequest request) =>
        new(request.Config.Block, request.Adapters, request.Half, request.Gpu, request.Spec.Dropout > 0);

    /// <summary>Memory of a training pass of <c>PackedLlama.Gradient</c>, or of the reference path.</summary>
    public static TrainingMemory Training(MemoryRequest request, PassShape pass)
    {
        if (PackingRule.UsesReferencePath(request.Spec))
        {
            return ReferenceMemory.Of(request, pass);
        }

        BlocksMemory blocks = Blocks(request);
        double stream = Single * request.Config.HiddenSize * pass.Rows;
        // Including the rotary angles, the mask of source cells, and what is computed for the window, with gradients.
        bool recompute = request.Spec.Recompute == Recompute.Blocks;
        double saved =
            (recompute ? blocks.Outputs : blocks.Saved).Of(pass) + stream + (Single * request.Config.HeadSize * pass.Rows) + pass.Cells
            + (2 * blocks.Window) + (request.Gpu ? JoinedIndices(request.Config, pass) : 0);
        // Saved activations move from the heap to the arena at the end of a block; the heap memory stays with the allocator for the next
        // block.
        double forward = blocks.Forward(pass);
        double backward = stream + blocks.Backward(pass)
            + TrainedWeightsMemory.Gradient(request, request.Config.Block.Linears.Max(linear => (double)linear.Out * linear.In));
        if (recompute)
        {
            // One block at a time is computed again, while the gradient of its output waits.
            double block = blocks.LargestSaved(pass);
            (forward, backward) = (forward + stream, backward + block);
        }

        double head = Head(request, pass) + stream;
        return new(pass, saved, Math.Max(forward, backward), head);
    }

    // What joined_plan, joined_angles and joined_unseen return.
    private static double JoinedIndices(LlamaConfig config, PassShape pass)
    {
        (double heads, double keys) = (config.Block.Heads, config.Block.KeyValueHeads);
        double indices = (4 * heads * pass.Cells) + (2 * (heads + keys) * pass.Rows);
        double mask = (double)pass.BucketPairs / Math.Max(1, pass.Sequences);
        return (sizeof(long) * indices) + (Single * (pass.Cells + (3.0 * config.HeadSize * pass.Rows) + mask));
    }

    /// <summary>Memory of an evaluation pass: <c>PackedLlama.ResidualStream</c> and the scores computed from it.</summary>
    public static double Evaluation(MemoryRequest request, PassShape pass)
    {
        double stream = Single * request.Config.HiddenSize * pass.Rows;
        int rows = Math.Min(pass.HeadRows, TrainingPass.ChunkRows(request.Config.VocabularySize));
        // Logits in fp32 and their exponentials.
        double scores = 2 * Single * rows * request.Config.VocabularySize;
        BlocksMemory blocks = Blocks(request);
        return blocks.Window + Math.Max((2 * stream) + blocks.Evaluation(pass), scores);
    }

    // loss_head: the target rows, their norm and its gradient, and the logits of one chunk with their exponentials.
    private static double Head(MemoryRequest request, PassShape pass)
    {
        double value = request.Half ? sizeof(short) : Single;
        int chunk = Math.Min(pass.HeadRows, TrainingPass.ChunkRows(request.Config.VocabularySize));
        double rows = (double)pass.HeadRows * request.Config.HiddenSize;
        double logits = 2 * Single * chunk * request.Config.VocabularySize;
        double normBackward = 4 * Single * rows;
        double gradient = TrainedWeightsMemory.Gradient(request, (double)request.Config.VocabularySize * request.Config.HiddenSize);
        return ((Single + (2 * value)) * rows) + Math.Max(logits + gradient, normBackward);
    }

    private static IEnumerable<AdapterFootprint> AdaptersOf(MemoryRequest request) => request.Adapters.SelectMany(block => block.Values);
}
