using System.Text;

namespace LoraLab.Training.Torch;

/// <summary>
/// Bindings of a library of the NVIDIA driver, with functions looked up by name. Each returns a value, or null if the library lacks the
/// function, the GPU does not support it, or the call fails.
/// </summary>
/// <param name="find">Returns the address of a function, or 0.</param>
internal abstract unsafe class DriverFunctions(Func<string, nint> find)
{
    protected const int Success = 0;

    /// <summary>Address of a function, or 0.</summary>
    protected nint Find(string name) => find(name);

    /// <summary>What a function writes that has no other argument.</summary>
    protected T? Value<T>(string name)
        where T : unmanaged
    {
        T value = default;
        var function = (delegate* unmanaged<T*, int>)find(name);
        return function != null && function(&value) == Success ? value : null;
    }

    /// <summary>A text that ends with a 0, or fills its memory.</summary>
    protected static string Text(byte* text, int length)
    {
        ReadOnlySpan<byte> all = new(text, length);
        int end = all.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? all : all[..end]);
    }
}
