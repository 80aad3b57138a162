using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Tokenization;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>
/// SST-2 in the order of the paper, with its printed prompt and TinyLlama's tokenizer, so that lengths and common prefix are real.
/// </summary>
internal sealed class PaperData
{
    /// <summary>Reads and encodes the rows of a specification.</summary>
    public PaperData(Bench bench, RunSpec spec)
    {
        Data = DatasetReader.Read(spec.Dataset, bench.Sst2);
        Subset = TrainingSubset.Select(Data, spec);
        ExampleEncoder encoder = new(
            LlamaTokenizerFile.Load(bench.TinyLlama), PromptTemplate.Parse(spec.Prompt), Data.Labels, spec.LossScope, spec.StripSentence);
        Train = [.. Subset.Consumed.Select(encoder.EncodeTraining)];
        Evaluation = [.. Subset.Evaluation.Select(encoder.EncodeEvaluation)];
    }

    /// <summary>The dataset.</summary>
    public ClassificationDataset Data { get; }

    /// <summary>The selected rows.</summary>
    public TrainingSubset Subset { get; }

    /// <summary>Training texts in the order of consumption.</summary>
    public TrainingExample[] Train { get; }

    /// <summary>Evaluation rows.</summary>
    public EvaluationExample[] Evaluation { get; }
}
