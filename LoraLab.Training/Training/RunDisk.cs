using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
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
        double result = data.Weights.Files.Sum(file => (double)new FileInfo(file).Length);
        double needed = ((hasCheckpoint ? 1 : 2) * checkpoint) + result;
        if (DiskSpace.Tightest(directory.FullPath).Free is long free)
        {
            Require(directory.FullPath, needed, free);
        }
    }

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
}
