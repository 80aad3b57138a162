using System.Runtime.InteropServices;
using LiteDB;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using JsonSerializer = System.Text.Json.JsonSerializer;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Compares the raw points of the database with those of the attempts' event files.</summary>
internal static class StoredPoints
{
    /// <summary>Number of points that are in the files but not exactly once in the database of a stopped server, and vice versa.</summary>
    public static int Differences(string dataDirectory)
    {
        List<string> stored = Stored(Path.Combine(dataDirectory, "loralab.db"));
        List<string> told =
        [
            .. Directory.EnumerateFiles(Path.Combine(dataDirectory, "runs"), RunFiles.Events, SearchOption.AllDirectories).SelectMany(Told),
        ];
        return stored.Count - stored.Distinct().Count() + stored.Except(told).Count() + told.Except(stored).Count();
    }

    private static List<string> Stored(string path)
    {
        List<string> points = [];
        using LiteDatabase database = new(new ConnectionString { Filename = path, Connection = ConnectionType.Direct });
        foreach (BsonDocument chunk in database.GetCollection("points").FindAll())
        {
            ReadOnlySpan<int> steps = MemoryMarshal.Cast<byte, int>(chunk["x"].AsBinary);
            ReadOnlySpan<double> values = MemoryMarshal.Cast<byte, double>(chunk["y"].AsBinary);
            for (int i = 0; i < steps.Length; i++)
            {
                points.Add(Point(chunk["run"].AsString, chunk["attempt"].AsInt32, chunk["key"].AsString, steps[i], values[i]));
            }
        }

        return points;
    }

    private static IEnumerable<string> Told(string file)
    {
        DirectoryInfo attempt = new FileInfo(file).Directory!;
        string run = attempt.Parent!.Parent!.Name;
        int number = int.Parse(attempt.Name, System.Globalization.CultureInfo.InvariantCulture);
        string text = File.ReadAllText(file);

        // An incomplete last line was never reported.
        foreach (string line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            WorkerEvent happened = JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options)!;
            if (happened is Evaluated evaluated)
            {
                foreach ((string key, double value) in evaluated.Metrics)
                {
                    yield return Point(run, number, key, evaluated.Step, value);
                }
            }

            foreach ((string key, double[] values) in happened is MetricsRecorded recorded
                ? recorded.Values
                : new Dictionary<string, double[]>())
            {
                for (int i = 0; i < values.Length && !key.StartsWith("eval/", StringComparison.Ordinal); i++)
                {
                    yield return Point(run, number, key, ((MetricsRecorded)happened).Steps[i], values[i]);
                }
            }
        }
    }

    private static string Point(string run, int attempt, string key, int step, double value) =>
        $"{run} {attempt} {key} {step} {BitConverter.DoubleToInt64Bits(value):x}";
}
