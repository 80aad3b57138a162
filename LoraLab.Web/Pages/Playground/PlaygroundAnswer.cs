using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.Playground;

/// <summary>The answer of one of those that were asked, with its name.</summary>
/// <param name="Name">Name of the run, or of the model.</param>
/// <param name="Color">Color of the run; null: the model without an adapter.</param>
/// <param name="Result">The answer.</param>
public sealed record PlaygroundAnswer(string Name, string? Color, PredictResult Result)
{
    /// <summary>Where the answer was computed, and in which time.</summary>
    public string Conditions => string.Join(" · ", new[]
    {
        Result.Device,
        Result.Precision.ToString().ToLowerInvariant(),
        NumberFormat.Count(Result.Threads, "thread"),
        NumberFormat.Duration(Result.Seconds),
        Result.LoadSeconds > 0 ? $"{NumberFormat.Duration(Result.LoadSeconds)} loading" : null,
    }.OfType<string>());

    /// <summary>The answers of a response: of those that were asked side by side, or of the only one.</summary>
    /// <param name="result">The response.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="runs">The runs that were asked.</param>
    public static IReadOnlyList<PlaygroundAnswer> Of(ModelPredictResult result, string model, IReadOnlyList<RunDocument> runs)
    {
        IReadOnlyList<PredictResult> answers = result.Answers ??
        [
            new()
            {
                Model = model,
                Items = result.Items ?? [],
                Labels = result.Labels ?? [],
                Device = result.Device ?? "",
                Precision = result.Precision ?? default,
                Threads = result.Threads ?? 0,
                Seconds = result.Seconds,
                LoadSeconds = result.LoadSeconds,
            },
        ];
        return
        [
            .. answers.Select(answer => runs.FirstOrDefault(run => run.Id == answer.Run) is RunDocument run
                ? new PlaygroundAnswer(run.Name, run.Color, answer)
                : new PlaygroundAnswer($"{answer.Model} (base)", null, answer)),
        ];
    }

    /// <summary>The word of a predicted label; null: a text was generated.</summary>
    public string? Predicted(PredictedItem item) =>
        item.Predicted is int label && label >= 0 && label < Result.Labels.Count ? Result.Labels[label] : null;

    /// <summary>The highest score minus the second highest; null: there are not two.</summary>
    public static double? Margin(PredictedItem item)
    {
        double[] best = [.. (item.Scores ?? []).OrderDescending().Take(2)];
        return best.Length == 2 ? best[0] - best[1] : null;
    }
}
