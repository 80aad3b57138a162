using LoraLab.Benchmarks.Protocol;
using LoraLab.Training.Tokenization;

namespace LoraLab.Benchmarks.Measurements;

/// <summary>
/// Encoding every training sentence of SST-2 in the paper's prompt with the <c>tokenizer.json</c> of a real model, beside the time of
/// Hugging Face's tokenizers, which is written in Rust. Each repeat has a tokenizer that knows no word yet.
/// </summary>
/// <param name="model">Name of the model.</param>
/// <param name="folder">Its folder in the fixtures.</param>
/// <param name="reference">Seconds of Hugging Face's tokenizers on one core of a machine like CI's.</param>
/// <param name="tokens">Number of tokens that it gives; null: unknown.</param>
/// <param name="target">Seconds allowed; null: no target.</param>
internal sealed class Tokenizing(string model, string folder, double reference, long? tokens, Target? target) : IMeasurement
{
    // Of Qwen3's file, on the same machine.
    private const double ReferenceLoad = 0.6;

    /// <inheritdoc />
    public string Name => $"tokenize-{model}";

    /// <inheritdoc />
    public string Description => $"67,349 SST-2 prompts with {model}'s tokenizer.json, one thread";

    /// <inheritdoc />
    public IReadOnlyList<Finding> Run(Bench bench)
    {
        string path = bench.Model(folder);
        string[] prompts = [.. File.ReadLines(Path.Combine(bench.Sst2, "train.tsv")).Skip(1).Select(line => line.Split('\t')).Select(row =>
            $"Classify the sentiment of this sentence: {row[0]}\n\n.Sentiment: {(row[1] == "1" ? "positive" : "negative")}\n")];
        List<double> loads = [];
        List<double> encodes = [];
        long count = 0;
        for (int repeat = 0; repeat < bench.Repeats; repeat++)
        {
            ITokenizer? tokenizer = null;
            loads.Add(Duration.Measure(() => tokenizer = TokenizerFolder.Load(path).Tokenizer).On(bench.Clock));
            encodes.Add(Duration.Measure(() => count = prompts.Sum(prompt => (long)tokenizer!.Encode(prompt).Length)).On(bench.Clock));
            bench.Log($"  {repeat + 1}/{bench.Repeats}: load {loads[^1]:0.###} s, encode {encodes[^1]:0.###} s, {count} tokens");
        }

        if (tokens is long expected && count != expected)
        {
            throw new InvalidOperationException($"{model} gave {count} tokens, but Hugging Face's tokenizers gives {expected}.");
        }

        return
        [
            new Finding
            {
                Measurement = Name,
                Description = Description,
                A = "Hugging Face's tokenizers (Rust)",
                B = "LoraLab",
                Unit = "s",
                Value = Spread.From(encodes),
                Clock = bench.Clock,
                Target = target,
                Details = new Dictionary<string, double>
                {
                    ["Hugging Face, s"] = reference,
                    ["first load, s"] = loads[0],
                    ["later loads, s"] = Statistics.Median(loads.Skip(1).DefaultIfEmpty(loads[0])),
                    ["Hugging Face load of Qwen3's file, s"] = ReferenceLoad,
                    ["prompts"] = prompts.Length,
                    ["tokens"] = count,
                },
                Note = "absolute seconds; the first load includes compiling the code",
            }.WithVerdict(),
        ];
    }
}
