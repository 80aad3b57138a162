using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Training.Recording;

namespace LoraLab.Training.Training;

/// <summary>
/// Disk space of a run that trains all weights: a checkpoint has all of them with both moments, and the next one is complete before it is
/// deleted. A run for which the space does not suffice would end hours later, at a checkpoint.
/// </summary>
internal static class RunDisk
{
    /// <summary>Requires space for the checkpoints and the result.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="data">The run's data, with the weights of its base.</param>
    /// <param name="hasCheckpoint">Whether one checkpoint is on disk already.</param>
    /// <exception cref="RunFailure">There is too little.</exception>
    public static void Require(RunDirectory directory, RunData data, bool hasCheckpoint)
    {
        double checkpoint = TrainedWeightsMemory.Checkpoint(data.Config);
        double needed = ((hasCheckpoint ? 1 : 2) * checkpoint) + ModelBytes(data);
        if (DiskSpace.Tightest(directory.FullPath).Free is long free)
        {
            Require(directory.FullPath, needed, free);
        }
    }

    /// <summary>Why there is no room for the model of the best evaluation beside what the run needs; null: there is.</summary>
    /// <param name="folder">The run directory.</param>
    /// <param name="model">Bytes of the model.</param>
    /// <param name="config">Dimensions of the model.</param>
    public static string? MissingForBest(string folder, double model, LlamaConfig config) => DiskSpace.Tightest(folder).Free is long free
        ? MissingForBest(folder, model, TrainedWeightsMemory.Checkpoint(config), free)
        : null;

    /// <summary>The same for given bytes.</summary>
    /// <param name="folder">The run directory.</param>
    /// <param name="model">Bytes of the model.</param>
    /// <param name="checkpoint">Bytes of a checkpoint, the next of which is written before the last is deleted.</param>
    /// <param name="free">Bytes that are free.</param>
    internal static string? MissingForBest(string folder, double model, double checkpoint, double free) =>
        free >= (2 * model) + checkpoint ? null
            : "The model of the best evaluation is not kept: with the next checkpoint and the result, it takes "
                + $"{NumberFormat.Bytes((long)((2 * model) + checkpoint))} of disk space, but {folder} has "
                + $"{NumberFormat.Bytes((long)free)} left; the model of the last step is saved at the end of the run.";

    /// <summary>Requires space in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="needed">Bytes needed.</param>
    /// <param name="free">Bytes that are free.</param>
    /// <exception cref="RunFailure">There is too little.</exception>
    internal static void Require(string folder, double needed, double free)
    {
        if (free < needed)
        {
            throw new RunFailure(
                EndReason.DiskFull,
                $"The checkpoints of a run that trains all weights take {NumberFormat.Bytes((long)needed)} of disk space with its "
                    + $"result, but {folder} has {NumberFormat.Bytes((long)free)} left: free some space and resume the "
                    + "run, or use a method with adapters.");
        }
    }

    /// <summary>Bytes of a trained model, which has the files of its base; asked before these are loaded and closed.</summary>
    /// <param name="data">The run's data, with the weights of its base.</param>
    public static double ModelBytes(RunData data) => data.Weights.Files.Sum(file => (double)new FileInfo(file).Length);
}
