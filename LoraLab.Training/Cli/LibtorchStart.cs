using LoraLab.Training.Files;
using LoraLab.Training.Torch.Installed;

namespace LoraLab.Training.Cli;

/// <summary>What a program does about libtorch before anything of it is used.</summary>
internal static class LibtorchStart
{
    /// <summary>Takes the setting of the configuration; may replace the process (<see cref="OwnLibtorch"/>).</summary>
    public static void Apply(TrainingConfiguration configuration, string[] arguments)
    {
        TorchSource.Configure(configuration.Libtorch);
        OwnLibtorch.HideForInstalled(arguments);
    }
}
