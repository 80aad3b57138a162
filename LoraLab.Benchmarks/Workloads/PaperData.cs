using LoraLab.Benchmarks.Protocol;
using LoraLab.Contracts.Runs;
using LoraLab.Training.Data;
using LoraLab.Training.Tokenization;

namespace LoraLab.Benchmarks.Workloads;

/// <summary>SST-2 in the paper's order with the printed prompt and TinyLlama's tokenizer: the real lengths and the real common prefix.</summary>
internal sealed class PaperData
{
    /// <summary>Reads and encodes what a specification consumes.</summary>
    public PaperData(Bench bench, RunSpec spec)
    {
        Data = DatasetReader.Read(spec.Dataset, bench.Sst2);
        Subset = TrainingSubset.Select(Data, spec);
        ExampleEncoder encoder = new(LlamaTokenizerFile.Load(bench.TinyLlama), PromptTemplate.Parse(spec.Prompt), Data.Labels, spec.LossScope, spec.StripSentence);
        Train = [.. Subset.Consumed.Select(encoder.EncodeTraining)];
        Evaluation = [.. Subset.Evaluation.Select(encoder.EncodeEvaluation)];
    }

    /// <summary>The data set.</summary>
    public ClassificationDataset Data { get; }

    /// <summary>The rows chosen from it.</summary>
    public TrainingSubset Subset { get; }

    /// <summary>Training texts in the order of consumption.</summary>
    public TrainingExample[] Train { get; }

    /// <summary>Evaluation rows.</summary>
    public EvaluationExample[] Evaluation { get; }
}
