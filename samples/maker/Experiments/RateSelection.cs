using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;

namespace LoraLab.SampleMaker.Experiments;

/// <summary>
/// Selects a learning rate for each method from the same number of candidates, by the accuracy at the last step on the selection split:
/// training rows that the runs do not train on. The reported rows are never used.
/// </summary>
internal static class RateSelection
{
    public static void Run(string samples)
    {
        StringBuilder csv = new("method,learningRate,selectionAccuracy,chosen\n");
        using Engine engine = new();
        foreach ((string method, double[] rates) in DemoSpec.Grid)
        {
            List<(double Rate, double Accuracy)> tried = [];
            foreach (double rate in rates)
            {
                JsonObject spec = DemoSpec.For(method, rate);
                spec["evalSplit"] = "selection";
                spec["evalEvery"] = 1000;
                tried.Add((rate, engine.Run(spec).Summary[MetricKeys.EvalAccuracy]!.Last!.Value));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{method} at {rate:R}: {tried[^1].Accuracy:P2}"));
            }

            double chosen = tried.MaxBy(entry => entry.Accuracy).Rate;
            DemoSpec.Write(DemoSpec.GetPath(samples, method), DemoSpec.For(method, chosen));
            foreach ((double rate, double accuracy) in tried)
            {
                csv.Append(CultureInfo.InvariantCulture, $"{method},{rate:R},{accuracy:F4},{(rate == chosen ? "yes" : "no")}\n");
            }
        }

        File.WriteAllText(Path.Combine(samples, "rates.csv"), csv.ToString());
        JsonObject full = DemoSpec.For(
            "lora", (double)JsonNode.Parse(File.ReadAllText(DemoSpec.GetPath(samples, "lora")))!["learningRate"]!);
        full["name"] = "sample lora, full loss";
        full["tags"] = new JsonArray("extra");
        full["lossScope"] = "full";
        DemoSpec.Write(Path.Combine(samples, "extra", "lora-full-loss.json"), full);
    }
}
