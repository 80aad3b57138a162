using System.Diagnostics;
using System.Globalization;

namespace LoraLab.Tests.Server.Faults;

/// <summary>Sends signals to processes.</summary>
internal static class Signals
{
    public static void Send(string signal, int processId)
    {
        using Process kill = Process.Start("kill", ["-" + signal, processId.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Whether the process is running; a zombie is not.</summary>
    public static bool IsAlive(int processId)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }
}
