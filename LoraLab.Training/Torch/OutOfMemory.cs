using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// Tells the ways in which memory runs out: .NET's, libtorch's on the CPU, CUDA's, C++'s, and the system's for mapped files.
/// </summary>
internal static class OutOfMemory
{
    private const int NoMemoryLinux = 12;

    private static readonly string[] _sentences =
    [
        "out of memory", // CUDA, and most libraries
        "not enough memory", // c10's allocator on Windows
        "can't allocate memory", // c10's allocator elsewhere
        "cannot allocate memory", // ENOMEM
        "bad_alloc", "bad allocation", // C++
        "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
    ];

    /// <summary>Whether an exception, or one within it, says so.</summary>
    public static bool Is(Exception problem) => problem switch
    {
        OutOfMemoryException => true,
        IOException file when OperatingSystem.IsLinux() && (file.HResult & 0xffff) == NoMemoryLinux => true,
        ExternalException or TypeInitializationException or System.Reflection.TargetInvocationException when Says(problem.Message) => true,
        _ => problem.InnerException is Exception inner && Is(inner),
    };

    private static bool Says(string message) => _sentences.Any(sentence => message.Contains(sentence, StringComparison.OrdinalIgnoreCase));
}
