namespace LoraLab.Contracts.Worker;

/// <summary>Environment variables that the server gives a worker.</summary>
public static class WorkerEnvironment
{
    /// <summary>
    /// Name, in documents, of the only GPU that the worker can see, for example <c>cuda:1</c>. Inside the process CUDA numbers that
    /// GPU 0; unset, names and CUDA's numbers are the same.
    /// </summary>
    public const string Device = "LORALAB_DEVICE";
}
