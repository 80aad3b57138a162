using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch;

/// <summary>
/// Recognizes out-of-memory errors of .NET, of libtorch on the CPU, of CUDA, of C++, and of the system for mapped files.
/// </summary>
internal static class OutOfMemory
{
    private const int NoMemoryLinux = 12;

    private static readonly string[] _messages =
    [
        "out of memory", // CUDA, and most libraries
        "not enough memory", // c10's allocator on Windows
        "can't allocate memory", // c10's allocator elsewhere
        "cannot allocate memory", // ENOMEM
        "bad_alloc", "bad allocation", // C++
        "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED",
        "CUBLAS_STATUS_NOT_INITIALIZED", // no memory for cuBLAS's own context
    ];

    /// <summary>Whether an exception or one of its inner exceptions is an out-of-memory error.</summary>
    public static bool Is(Exception problem) => problem switch
    {
        OutOfMemoryException => true,
        IOException file when OperatingSystem.IsLinux() && (file.HResult & 0xffff) == NoMemoryLinux => true,
        ExternalException or TypeInitializationException or System.Reflection.TargetInvocationException
            when Matches(problem.Message) => true,
        _ => problem.InnerException is Exception inner && Is(inner),
    };

    private static bool Matches(string text) => _messages.Any(message => text.Contains(message, StringComparison.OrdinalIgnoreCase));
}
