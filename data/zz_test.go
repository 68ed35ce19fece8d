package data
import ("testing";"fmt";"sort";"time")
func TestZZ(t *testing.T){
 K:=time.Date(2023,12,9,0,0,0,0,time.UTC)
 var a,b []string
 for _,in:=range Incidents(){ if in.Happened.After(K){continue}
  known:=false; for _,d:=range in.Dates{ if !d.Known.On.After(K){known=true}}
  for _,d:=range in.Attributions{ if !d.Known.On.After(K){known=true}}
  if known {a=append(a,in.ID)} else {b=append(b,in.ID)} }
 sort.Strings(a); fmt.Println(len(a),a); fmt.Println(len(b),b)
 for _,p:=range Proceedings(){ fmt.Println("##",p.ID,p.Known.On.Format("2006-01-02"),p.Known.Basis); for _,e:=range p.Events{ if !e.When.From.After(K){ fmt.Println("   ",e.When.From.Format("2006-01-02"),e.What,e.Of,e.Charges,e.Known.On.Format("2006-01-02"),e.Known.Basis)}}}
 for _,x:=range Actions(){ s:=""; for _,g:=range x.By{ s+=g.Actor+g.Name+"/"+g.Country+" "}; fmt.Println(x.ID,x.Kind,x.Known.On.Format("2006-01-02"),s,len(x.Addresses)); for _,f:=range x.Figures{ if f.Known.Basis!="stated"&&f.Known.On.Year()==2026 {fmt.Println("    late",f.What,f.USD,f.Quantity,f.Unit)} else if f.Known.On.Before(x.When.From){fmt.Println("    EARLY",f.What,f.USD)} } }
}
