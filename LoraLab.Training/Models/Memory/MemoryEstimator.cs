using LoraLab.Contracts.Runs;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Models.Weights;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// The memory that a run needs at most, from shapes alone. Every figure is a sum of tensors that the engine really makes;
/// there is no factor for safety, and one measured constant, <see cref="HeldBeside"/>.
/// </summary>
public static class MemoryEstimator
{
    private const double Mebibyte = 1024 * 1024;
    private const double Single = sizeof(float);
    // Of a trained value its gradient and two moments.
    private const double BesideTrainedValue = 3 * Single;

    /// <summary>
    /// Most that a training process on the CPU holds beside live tensors and what it held before its first step, bytes: gaps in glibc's
    /// heap, oneDNN's kernels for each size of pass, garbage. Measured on TinyLlama's shape with 6 and 22 blocks over methods, ranks,
    /// targets, both precisions and passes of 100 to 400 tokens as the difference of peak resident set and counted bytes: 155 to
    /// 199 MiB over the first steps, without a trend in any of them, some 270 after sixteen.
    /// </summary>
    private const double HeldBeside = 170 * Mebibyte;

    // A toy's temporaries leave smaller gaps.
    private const double GapsPerTemporary = 8;

    /// <summary>The estimate, without advice.</summary>
    public static MemoryEstimate Of(MemoryRequest request)
    {
        double weights = Weights(request);
        double adapters = request.Config.Layers * request.Adapters.Values.Sum(adapter => Single * (adapter.Trained + adapter.Frozen));
        double optimizer = request.Config.Layers * request.Adapters.Values.Sum(adapter => BesideTrainedValue * adapter.Trained);
        TrainingMemory training = request.Training.Select(pass => Training(request, pass)).MaxBy(pass => pass.Peak)!;
        (PassShape largest, double evaluationPass) = request.Evaluation.Select(pass => (pass, Evaluation(request, pass))).MaxBy(entry => entry.Item2);
        double beside = request.Gpu ? 0 : Math.Min(HeldBeside, GapsPerTemporary * Math.Max(training.Block, training.Head));
        double always = weights + adapters + optimizer + request.IndexBytes + request.ProcessBytes + beside;
        // On the CPU the arena of what is kept stays between steps.
        double evaluation = evaluationPass + (request.Gpu || PackingRule.IsLiteral(request.Spec) ? 0 : training.Kept);
        double total = always + Math.Max(training.Peak, evaluation);
        return new()
        {
            WeightsMb = weights / Mebibyte,
            AdaptersMb = adapters / Mebibyte,
            OptimizerMb = optimizer / Mebibyte,
            ActivationsMb = training.Kept / Mebibyte,
            BlockMb = training.Block / Mebibyte,
            LogitsMb = training.Head / Mebibyte,
            EvaluationMb = evaluationPass / Mebibyte,
            AllocatorMb = beside / Mebibyte,
            IndicesMb = request.IndexBytes / Mebibyte,
            ProcessMb = request.ProcessBytes / Mebibyte,
            TrainingMb = (always + training.Peak) / Mebibyte,
            TotalMb = total / Mebibyte,
            Peak = training.Peak >= evaluation ? MemoryPeak.TrainingStep : MemoryPeak.Evaluation,
            BudgetMb = request.BudgetMb,
            Fits = !(total / Mebibyte > request.BudgetMb),
            PassTokens = training.Pass.Rows,
            PassSentences = training.Pass.Sequences,
            EvaluationTokens = largest.Rows,
            PackTokens = request.Spec.PackTokens,
            Precision = request.Spec.Precision,
        };
    }

    /// <summary>Bytes of all weights: matrices in the precision, gains of norms in fp32; on the CPU a replaced weight's own pages stay.</summary>
    public static double Weights(MemoryRequest request)
    {
        double value = request.Half ? sizeof(short) : Single;
        double all = CheckpointShapes.Of(request.Config).Sum(weight => weight.Shape.Aggregate(weight.Shape.Length == 1 ? Single : value, (product, length) => product * length));
        double replaced = request.Config.BlockLinears
            .Where(linear => request.Mapped && request.Adapters.TryGetValue(linear.Name, out Adapters.AdapterFootprint? adapter) && adapter.NewWeight)
            .Sum(linear => value * linear.Out * linear.In);
        return all + (request.Config.Layers * replaced);
    }

    /// <summary>A block of the request's model.</summary>
    public static BlockMemory Block(MemoryRequest request) =>
        new(request.Config, request.Adapters, request.Spec.Rank, request.Half, request.Gpu, request.Spec.Dropout > 0);

    /// <summary>A training pass of <c>PackedLlama.Gradient</c>, or of the literal loop.</summary>
    public static TrainingMemory Training(MemoryRequest request, PassShape pass)
    {
        if (PackingRule.IsLiteral(request.Spec))
        {
            return ReferenceMemory.Of(request, pass);
        }

        BlockMemory block = Block(request);
        double stream = Single * request.Config.HiddenSize * pass.Rows;
        // Angles of the rotation, and which cell is some row's home.
        double kept = (request.Config.Layers * block.Kept.Of(pass)) + stream + (Single * request.Config.HeadSize * pass.Rows) + pass.Cells;
        double masks = block.Masks.Of(pass);
        // What a block keeps moves out of the heap when the block is done; what it took in the heap stays there for the next one.
        double forward = Peak(block.Forward, pass) + masks;
        double backward = stream + Peak(block.Backward, pass) + masks;
        double head = Head(request, pass) + stream;
        return new(pass, kept, Math.Max(forward, backward), head);
    }

    /// <summary>An evaluation pass of <c>PackedLlama.Stream</c> and the scores behind it.</summary>
    public static double Evaluation(MemoryRequest request, PassShape pass)
    {
        double stream = Single * request.Config.HiddenSize * pass.Rows;
        int rows = Math.Min(pass.HeadRows, TrainingPass.ChunkRows(request.Config.VocabularySize));
        // Logits in fp32 and their exponentials.
        double scores = 2 * Single * rows * request.Config.VocabularySize;
        return Math.Max((2 * stream) + Peak(Block(request).Forward, pass), scores);
    }

    // loss_head: the wanted rows, their norm and its gradient, and of one chunk the logits with their exponentials.
    private static double Head(MemoryRequest request, PassShape pass)
    {
        double value = request.Half ? sizeof(short) : Single;
        int chunk = Math.Min(pass.HeadRows, TrainingPass.ChunkRows(request.Config.VocabularySize));
        double rows = (double)pass.HeadRows * request.Config.HiddenSize;
        double logits = 2 * Single * chunk * request.Config.VocabularySize;
        double normBack = 4 * Single * rows;
        return ((Single + (2 * value)) * rows) + Math.Max(logits, normBack);
    }

    private static double Peak(IEnumerable<PassBytes> candidates, PassShape pass) => candidates.Max(candidate => candidate.Of(pass));
}
