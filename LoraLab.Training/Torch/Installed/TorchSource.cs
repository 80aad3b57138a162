using LoraLab.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Torch.Installed;

/// <summary>
/// Where libtorch comes from: the build's own, or an installed PyTorch that <c>LORALAB_LIBTORCH</c> or <c>LoraLab:Libtorch</c> names. The
/// choice is made once in a process, when it is first asked for.
/// </summary>
public static class TorchSource
{
    /// <summary>Environment variable: a folder, or <see cref="Auto"/>; it takes precedence over the configuration.</summary>
    public const string Variable = "LORALAB_LIBTORCH";

    /// <summary>The setting in messages.</summary>
    internal const string Setting = $"{Variable} (LoraLab:Libtorch)";

    /// <summary>Value of the setting that asks the Python on the path.</summary>
    public const string Auto = "auto";

    private static readonly Lazy<(InstalledTorch? Torch, string? Problem)> _chosen =
        new(() => Choose(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } value ? value : _configured, LoraLabHome.Find()));

    private static string? _configured;

    /// <summary>The installed PyTorch whose libraries are used; null: the build's own, or <see cref="Problem"/>.</summary>
    public static InstalledTorch? Installed => _chosen.Value.Torch;

    /// <summary>Why the configured PyTorch cannot be used; null: it can, or none is configured.</summary>
    public static string? Problem => _chosen.Value.Problem;

    /// <summary>Sets the value of the configuration, before anything asks for the choice.</summary>
    public static void Configure(string? libtorch) => _configured = libtorch;

    /// <summary>Reads a setting; a relative folder is relative to <paramref name="home"/>.</summary>
    internal static (InstalledTorch? Torch, string? Problem) Choose(string? setting, string home, string? python = null)
    {
        if (string.IsNullOrWhiteSpace(setting))
        {
            return (null, null);
        }

        try
        {
            string folder = setting == Auto ? PythonTorch.Find(python) : HomePath.Resolve(setting, home);
            return (InstalledTorch.Read(folder), null);
        }
        catch (RunFailure refused)
        {
            return (null, refused.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return (null, $"{Setting} is '{setting}', which cannot be read: {unreadable.Message}");
        }
    }
}
