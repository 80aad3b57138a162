namespace LoraLab.Contracts.Worker;

/// <summary>Environment variables set by the server for a worker.</summary>
public static class WorkerEnvironment
{
    /// <summary>
    /// Device id of the only GPU visible to the worker, for example <c>cuda:1</c>. Inside the process, CUDA numbers that GPU 0; if unset,
    /// ids match CUDA's numbers.
    /// </summary>
    public const string Device = "LORALAB_DEVICE";
}
