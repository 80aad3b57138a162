using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Training.Data.Presets;

/// <summary>UltraChat 200k (Ding et al. 2023, filtered by Tunstall et al. 2023): conversations of several turns.</summary>
internal static class ChatPreset
{
    /// <summary>The description.</summary>
    public static DatasetPreset Preset { get; } = new()
    {
        Name = "chat",
        Rows = "conversations of a user and an assistant",
        Source = "arXiv 2305.14233, 2310.16944; Hub: HuggingFaceH4/ultrachat_200k",
        Task = TaskDescriptors.Completion.Id,
        Metric = MetricKeys.EvalLoss,
        Layouts =
        [
            new("train_sft-*.parquet", "test_sft-*.parquet", new DatasetManifest
            {
                Format = "parquet",
                MessagesColumn = new("messages"),
            }, "data"),
        ],
        Repository = "HuggingFaceH4/ultrachat_200k",
    };
}
