using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Models.Blocks;

namespace LoraLab.Training.Models.Memory;

/// <summary>
/// Memory of a calibration besides the weights and the factors found: the rows' residual streams, one row's pass through a block, what is
/// measured at the layers of that block, and the workspace in which the factors of one layer are computed.
/// </summary>
internal static class CalibrationMemory
{
    private const double Single = sizeof(float);
    private const double Double = sizeof(double);

    public static double Of(MemoryRequest request, CalibrationShape rows)
    {
        LlamaConfig config = request.Config;
        Calibrator calibrator = LoraMethods.Find(request.Spec.Method)!
            .Calibrator(new AdapterRequest(request.Spec.Rank, 1, 0, 0), request.Spec.MethodOptions)!;
        bool gradient = calibrator.Measure == CalibrationMeasure.Gradient;
        double scores = 2 * Single * config.Block.Heads * rows.LongestText * rows.LongestText;
        double pass = (ReferenceMemory.Workspace(request) * rows.LongestText) + scores;
        double streams = Single * config.HiddenSize * rows.Tokens * (gradient ? GradientCheckpoints.Streams(config.Layers) : 1);
        double logits = gradient ? 4 * Single * config.VocabularySize * rows.LongestText : 0;
        return streams + Math.Max(logits, pass + request.Adapters.Max(adapters => Block(request, calibrator, adapters)));
    }

    private static double Block(
        MemoryRequest request, Calibrator calibrator, IReadOnlyDictionary<string, AdapterFootprint> adapters)
    {
        BlockLinear[] layers = [.. request.Config.Block.Linears.Where(linear => adapters.ContainsKey(linear.Name))];
        if (layers.Length == 0)
        {
            return 0;
        }

        // The sums of a block, while a row adds to one of them, or while the factors of a layer are computed from one.
        bool gradient = calibrator.Measure == CalibrationMeasure.Gradient;
        double value = request.Half ? sizeof(short) : Single;
        double sums = gradient
            ? layers.Sum(layer => (Double + value) * layer.Out * layer.In)
            : layers.GroupBy(layer => layer.Group).Sum(group => Double * group.First().In * group.First().In);
        return sums + layers.Max(layer =>
        {
            double measured = Double * (gradient ? (double)layer.Out * layer.In : (double)layer.In * layer.In);
            return measured + calibrator.WorkspaceBytes(layer);
        });
    }
}
