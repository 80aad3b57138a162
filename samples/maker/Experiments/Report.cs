using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.SampleMaker.Baselines;
using LoraLab.SampleMaker.Text;
using LoraLab.Training.Files.Errors;

namespace LoraLab.SampleMaker.Experiments;

/// <summary>Measures the results in README.md and writes them there, between its two markers.</summary>
internal static class Report
{
    private const string Begin = "<!-- results: written by the maker's report command -->";
    private const string End = "<!-- end of results -->";
    private static readonly long[] _seeds = [1, 2, 3];

    public static void Run(string samples)
    {
        SampleData data = SampleData.Generate(Sample.Seed);
        int rows = data.Evaluation.Count;
        double majority = data.Evaluation.GroupBy(row => row.Label).Max(group => group.Count()) / (double)rows;
        StringBuilder table = new("| | mean of seeds 1–3, last step | seed 1 | seed 2 | seed 3 | macro-F1 | before training | trainable | "
            + "training, s |\n|---|---|---|---|---|---|---|---|---|\n");
        Line(table, "Bayes rule (knows the generator)", BayesRule.Accuracy());
        using Engine engine = new();
        foreach ((string method, _) in DemoSpec.Grid)
        {
            Measure(engine, table, method, DemoSpec.GetPath(samples, method));
        }

        Measure(engine, table, "lora, `full` loss", Path.Combine(samples, "extra", "lora-full-loss.json"));
        Line(table, "bag of words, the same 4,000 rows", new BagOfWords([.. data.Training.Take(4000)]).Accuracy(data.Evaluation));
        Line(table, "majority class", majority);
        Replace(Path.Combine(samples, "README.md"), table.ToString());
    }

    private static void Measure(Engine engine, StringBuilder table, string name, string specFile)
    {
        List<(RunSummary Summary, double Before)> runs = [.. _seeds.Select(seed =>
        {
            JsonObject spec = JsonNode.Parse(File.ReadAllText(specFile))!.AsObject();
            spec["seed"] = seed;
            (RunSummary Summary, double Before) run = engine.Run(spec);
            Console.WriteLine($"{name} seed {seed}: {run.Summary[MetricKeys.EvalAccuracy]!.Last:P2}, {run.Summary.TrainSeconds:F0} s");
            return run;
        })];
        double[] last = [.. runs.Select(run => run.Summary[MetricKeys.EvalAccuracy]!.Last!.Value)];
        table.Append(
            CultureInfo.InvariantCulture,
            $"| {name} | **{Percent(last.Average())}** | {Percent(last[0])} | {Percent(last[1])} | {Percent(last[2])} | "
                + $"{runs.Average(run => run.Summary[MetricKeys.EvalMacroF1]!.Last):F3} | {Percent(runs.Average(run => run.Before))} | "
                + $"{runs[0].Summary.TrainableParameters:N0} | {runs.Average(run => run.Summary.TrainSeconds):F0} |\n");
    }

    private static void Line(StringBuilder table, string name, double accuracy) =>
        table.Append(CultureInfo.InvariantCulture, $"| {name} | {Percent(accuracy)} | | | | | | | |\n");

    private static string Percent(double share) => (100 * share).ToString("F1", CultureInfo.InvariantCulture) + "%";

    private static void Replace(string readme, string table)
    {
        string text = File.ReadAllText(readme);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal);
        int end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw RunFailure.BadData($"{readme} has no markers for the results: '{Begin}' and '{End}'.");
        }

        File.WriteAllText(readme, text[..(begin + Begin.Length)] + "\n\n" + table + "\n" + text[end..]);
    }
}
