using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Models;
using LoraLab.Training.Tasks.Classification;
using LoraLab.Training.Tokenization;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// SST-2 in the order of the paper, with its printed prompt and TinyLlama's tokenizer, so that lengths and common prefix are real.
/// </summary>
internal static class PaperData
{
    /// <summary>Reads and encodes the rows of a specification.</summary>
    /// <param name="bench">The bench.</param>
    /// <param name="spec">The specification.</param>
    /// <param name="evaluationRows">Number of evaluation rows, evenly spaced; null: all.</param>
    public static ClassificationData Read(Bench bench, RunSpec spec, int? evaluationRows = null)
    {
        ClassificationDataset dataset = ClassificationReader.Read(spec.Dataset, bench.Sst2);
        ClassificationRows rows = dataset.Select(spec);
        ClassificationData data = rows.Encode(LlamaTokenizerFile.Load(bench.TinyLlama), LlamaConfig.Read(bench.TinyLlama).ContextLength);
        if (evaluationRows is not int limit)
        {
            return data;
        }

        int every = Math.Max(1, data.Evaluation.Count / limit);
        return new(spec, dataset, rows.Consumed, data.Train, EvenlySpaced(rows.Evaluation), EvenlySpaced(data.Evaluation));

        T[] EvenlySpaced<T>(IReadOnlyList<T> all) => [.. all.Where((_, i) => i % every == 0).Take(limit)];
    }
}
