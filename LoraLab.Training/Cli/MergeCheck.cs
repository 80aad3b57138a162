using System.Globalization;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Training;

namespace LoraLab.Training.Cli;

/// <summary>
/// Evaluates an adapter on the base in four bits on which it was trained, and the model into which it was merged, on the evaluation rows of
/// its run.
/// </summary>
internal static class MergeCheck
{
    /// <summary>Each metric before and after, as a line.</summary>
    /// <param name="services">The trainer's services.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="model">Base model by name; null: that of the run.</param>
    /// <param name="merged">Folder of the merged model.</param>
    public static IReadOnlyList<string> Run(TrainerServices services, string adapter, string? model, string merged)
    {
        EvaluationRequest request = new(adapter, model, null, null, null, null);
        RunSpec spec = request.Resolve(services).Spec with
        {
            Method = "lora",
            MethodOptions = [],
            InitFrom = null,
            Rank = 1,
            RankPattern = null,
            AlphaPattern = null,
            RankStabilized = false,
            BaseWeights = BaseWeights.AsStored,
        };
        IReadOnlyDictionary<string, double> before = Metrics(request.Prepare(services, out _));
        RunPreparation preparation = services.Preparation();
        // A new adapter changes nothing.
        IReadOnlyDictionary<string, double> after =
            Metrics(preparation.Prepare(spec, CancellationToken.None, read: preparation.Read(spec, merged)));
        return
        [
            .. before.Where(metric => after.ContainsKey(metric.Key)).Select(metric => string.Create(
                CultureInfo.InvariantCulture,
                $"{metric.Key}: {metric.Value:0.######} before, {after[metric.Key]:0.######} merged, "
                    + $"difference {after[metric.Key] - metric.Value:+0.######;-0.######;0}")),
        ];
    }

    private static IReadOnlyDictionary<string, double> Metrics(PreparedRun run)
    {
        using (run)
        {
            return run.Evaluation.Run(run.Model, CancellationToken.None).Metrics;
        }
    }
}
